import { aipodSpecKey, decideApply } from '../domain/aipod-spec-versions.js';
import { conflict } from '../domain/errors.js';
import type { AipodSpecDraft, AppliedSpec, ApplyOptions } from '../ports/aipod-spec-store.js';
import { SPEC_COLUMNS, toSpecRecord, type SpecRow } from './aipod-spec-mapping.js';
import type { Queryable } from './queryable.js';
import { reserve } from './reservations.js';
import { firstRow } from './rows.js';

/** Within a transaction: makes the next version of a spec, or finds that its content is there already. */
export async function applySpec(
  transaction: Queryable,
  draft: AipodSpecDraft,
  { ifVersion, reservation }: ApplyOptions = {},
): Promise<AppliedSpec> {
  const key = aipodSpecKey(draft.document.metadata.name);
  const newest = await lockSpec(transaction, key, draft.document.metadata.name);
  const decided = decideApply(newest, draft.contentHash, ifVersion);
  const thing = { key, version: decided.version, action: decided.action };
  const found = reservation && (await reserve(transaction, reservation, thingId(thing), foundBefore));
  if (found !== undefined) return repeated(transaction, found.id);
  if (decided.action === 'refused') throw newerVersion(draft.document.metadata.name, decided.version);
  if (decided.action !== 'unchanged') await insertVersion(transaction, key, decided.version, draft);
  return { action: decided.action, record: toSpecRecord(await readVersion(transaction, key, decided.version)) };
}

async function readVersion(database: Queryable, key: string, version: number): Promise<SpecRow> {
  const found = await database.query<SpecRow>(
    `SELECT ${SPEC_COLUMNS} FROM aipod_specs s JOIN aipod_spec_versions v USING (key) WHERE key = $1 AND v.version = $2`,
    [key, version],
  );
  return firstRow(found);
}

/** Writers of one spec wait here for each other. Undefined for a name that was never used; its row is then there, at version 0. */
async function lockSpec(transaction: Queryable, key: string, name: string) {
  // The update changes nothing; it locks the row that was there before, and makes it come back as well.
  const locked = await transaction.query<{ version: number; deleted_at: Date | null }>(
    `INSERT INTO aipod_specs AS s (key, name, version) VALUES ($1, $2, 0)
     ON CONFLICT (key) DO UPDATE SET key = s.key RETURNING version, deleted_at`,
    [key, name],
  );
  const { version, deleted_at: deletedAt } = firstRow(locked);
  if (version === 0) return undefined;
  const { content_hash: contentHash } = await readVersion(transaction, key, version);
  return { version, contentHash, isDeleted: deletedAt !== null };
}

async function insertVersion(
  transaction: Queryable,
  key: string,
  version: number,
  draft: AipodSpecDraft,
): Promise<void> {
  await transaction.query(
    `INSERT INTO aipod_spec_versions (key, version, document, source, content_hash, origin, applied_by, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())`,
    [key, version, JSON.stringify(draft.document), draft.source, draft.contentHash, draft.origin, draft.appliedBy],
  );
  // A spec that is made again may be spelled anew.
  await transaction.query(
    `UPDATE aipod_specs SET version = $2, deleted_at = NULL,
       name = CASE WHEN deleted_at IS NULL THEN name ELSE $3 END WHERE key = $1`,
    [key, version, draft.document.metadata.name],
  );
}

function newerVersion(name: string, version: number): Error {
  const message = version === 0 ? `there is no aipod spec ${name}` : `aipod spec ${name} is at version ${version}`;
  return conflict(message, { field: 'ifVersion', name, version });
}

interface Thing {
  readonly key: string;
  readonly version: number;
  readonly action: string;
}

/** What an idempotency key of this route made. */
function thingId({ key, version, action }: Thing): string {
  return `aipod-spec/${key}/${version}/${action}`;
}

const foundBefore = async (id: string) => ({ id, opened: true });

async function repeated(transaction: Queryable, id: string): Promise<AppliedSpec> {
  const [, key = '', version, action] = id.split('/');
  const row = await readVersion(transaction, key, Number(version));
  return { action: action as AppliedSpec['action'], record: toSpecRecord(row) };
}
