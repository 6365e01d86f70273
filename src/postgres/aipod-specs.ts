import { aipodSpecKey } from '../domain/aipod-spec-versions.js';
import { invalid } from '../domain/errors.js';
import type { AipodSpecStore } from '../ports/aipod-spec-store.js';
import { applySpec } from './aipod-spec-apply.js';
import { SPEC_COLUMNS, toSpecRecord, toSpecSummary, type SpecRow } from './aipod-spec-mapping.js';
import { pageOf } from './cursor.js';
import type { Database } from './pool.js';

const SELECT = `SELECT ${SPEC_COLUMNS} FROM aipod_specs s JOIN aipod_spec_versions v USING (key)`;

export function createAipodSpecStore(database: Database): AipodSpecStore {
  return {
    apply: (draft, options) => database.transaction((transaction) => applySpec(transaction, draft, options)),

    // In one order everywhere, so that two who load the same files never wait for each other in a circle.
    applyAll: (drafts) =>
      database.transaction(async (transaction) => {
        const applied = [];
        for (const draft of [...drafts].sort(byKey)) applied.push(await applySpec(transaction, draft));
        return applied;
      }),

    async get(name, version) {
      const { rows } = await database.query<SpecRow>(
        `${SELECT} WHERE key = $1 AND v.version = coalesce($2::int, s.version)`,
        [aipodSpecKey(name), version ?? null],
      );
      return rows[0] && toSpecRecord(rows[0]);
    },

    versions: (query) => listVersions(database, query),

    async namesImage(image) {
      const { rows } = await database.query(
        `SELECT FROM aipod_specs s JOIN aipod_spec_versions v USING (key)
         WHERE s.deleted_at IS NULL AND v.document -> 'spec' ->> 'image' = $1 LIMIT 1`,
        [image],
      );
      return rows.length > 0;
    },

    list: (query) => listSpecs(database, query),

    async remove(name) {
      const { rows } = await database.query<{ name: string; version: number }>(
        'UPDATE aipod_specs SET deleted_at = now() WHERE key = $1 AND deleted_at IS NULL RETURNING name, version',
        [aipodSpecKey(name)],
      );
      return rows[0];
    },
  };
}

type Draft = Parameters<AipodSpecStore['apply']>[0];
type ListQuery = Parameters<AipodSpecStore['list']>[0];

function byKey(one: Draft, other: Draft): number {
  const [a, b] = [one, other].map(({ document }) => aipodSpecKey(document.metadata.name)) as [string, string];
  return a < b ? -1 : a > b ? 1 : 0;
}

async function listSpecs(database: Database, { limit, cursor }: ListQuery): ReturnType<AipodSpecStore['list']> {
  // Keys are ASCII: "C" orders them alike everywhere.
  const { rows } = await database.query<SpecRow>(
    `${SELECT} WHERE s.deleted_at IS NULL AND v.version = s.version AND key COLLATE "C" > $1 COLLATE "C"
     ORDER BY key COLLATE "C" LIMIT $2`,
    [cursor === undefined ? '' : decodeCursor(SPECS, cursor), limit + 1],
  );
  return pageOf(rows, limit, toSpecSummary, (last) => encodeCursor(SPECS, aipodSpecKey(last.name)));
}

async function listVersions(
  database: Database,
  { name, limit, cursor }: ListQuery & { name: string },
): ReturnType<AipodSpecStore['versions']> {
  const list = `aipod-spec-versions/${aipodSpecKey(name)}/`;
  const before = cursor === undefined ? null : Number(decodeCursor(list, cursor));
  const { rows } = await database.query<SpecRow>(
    `${SELECT} WHERE key = $1 AND ($2::int IS NULL OR v.version < $2) ORDER BY v.version DESC LIMIT $3`,
    [aipodSpecKey(name), before, limit + 1],
  );
  return pageOf(rows, limit, toSpecSummary, (last) => encodeCursor(list, String(last.version)));
}

const SPECS = 'aipod-specs/';

function encodeCursor(list: string, after: string): string {
  return Buffer.from(list + after).toString('base64url');
}

/** @throws schema-invalid for anything but a cursor of this list. */
function decodeCursor(list: string, cursor: string): string {
  const after = Buffer.from(cursor, 'base64url').toString().slice(list.length);
  const isOurs = encodeCursor(list, after) === cursor && (list === SPECS ? /^[!-~]{1,128}$/ : /^\d{1,9}$/).test(after);
  if (!isOurs) throw invalid('cursor', 'cursor is not one of this list');
  return after;
}
