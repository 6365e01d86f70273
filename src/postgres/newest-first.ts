import type { TenantScope } from '../ports/run-store.js';
import { decodeCursor } from './cursor.js';

/** What a list of things that belong to tenants is made from. Names and statements of ours. */
interface NewestFirst {
  /** Its name, for its cursors. */
  readonly list: string;
  readonly columns: string;
  readonly table: string;
  /** Which rows are seen at all. */
  readonly seen: string;
}

interface TenantsPage {
  readonly tenants: TenantScope;
  /** Of this one alone. */
  readonly tenantId?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** The statement for a page of such a list. @throws schema-invalid for a cursor that this list did not make */
export function newestFirst(
  { list, columns, table, seen }: NewestFirst,
  { tenants, tenantId, limit, cursor }: TenantsPage,
): [text: string, values: unknown[]] {
  const after = cursor === undefined ? undefined : decodeCursor(list, cursor);
  const text = `SELECT ${columns} FROM ${table} WHERE ${seen} AND ($1::text[] IS NULL OR tenant_id = ANY ($1))
      AND ($2::text IS NULL OR tenant_id = $2) AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
    ORDER BY created_at DESC, id DESC LIMIT $5`;
  return [
    text,
    [
      tenants === 'all' ? null : tenants,
      tenantId ?? null,
      after ? new Date(after.atMs).toISOString() : null,
      after?.id ?? null,
      // One more than asked for tells whether a next page exists.
      limit + 1,
    ],
  ];
}
