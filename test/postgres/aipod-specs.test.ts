import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { AipodSpec } from '../../src/contract/aipod-spec.js';
import { AgentRunError } from '../../src/domain/errors.js';
import { aipodSpecDraft } from '../../src/operations/aipod-specs/aipod-specs.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { aipodSpec } from '../support/aipod-specs.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const draft = (document: AipodSpec) => aipodSpecDraft(document, { source: null, origin: 'api', appliedBy: 'me' });

function refusal(kind: string): (error: unknown) => boolean {
  return (error) => error instanceof AgentRunError && `${error.failureKind} ${error.refusal}` === kind;
}

describe('the aipod spec store', () => {
  let database: TestDatabase;
  let postgres: Postgres;
  const apply = async (...args: Parameters<typeof aipodSpec>) => postgres.specs.apply(draft(aipodSpec(...args)));

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({
      connectionString: database.connectionString,
      queryTimeoutMs: 30_000,
      maxConnections: 20,
    });
  });
  beforeEach(async () => {
    await database.query('TRUNCATE aipod_specs, idempotency_keys CASCADE');
  });
  after(async () => {
    await postgres.close();
    await database.drop();
  });

  it('keeps every version as it was applied', async () => {
    const first = aipodSpec('Nightly', 'one', { metadata: { z: 1, a: { n: null } }, env: { B: 'b', A: 'a' } });
    await postgres.specs.apply({ ...draft(first), source: 'title: one # why' });
    await apply('Nightly', 'two');
    const record = await postgres.specs.get('Nightly', 1);
    assert.deepEqual(record, {
      ...first,
      name: 'Nightly',
      version: 1,
      origin: 'api',
      appliedBy: 'me',
      source: 'title: one # why',
      contentHash: draft(first).contentHash,
      createdAt: record?.createdAt,
      deletedAt: null,
      valuesPrinted: false,
    });
    assert.deepEqual(Object.keys(record?.spec.env ?? {}), ['B', 'A']);
    assert.ok(Math.abs(Date.parse(record?.createdAt ?? '') - Date.now()) < 60_000);
    assert.equal((await postgres.specs.get('nightly'))?.version, 2);
    assert.equal(await postgres.specs.get('nightly', 3), undefined);
  });

  it('takes names that differ in case for one, and keeps the first spelling', async () => {
    await apply('Nightly');
    assert.equal((await apply('NIGHTLY')).action, 'unchanged');
    const { action, record } = await apply('nightly', 'b');
    assert.deepEqual([action, record.version, record.name, record.metadata.name], ['updated', 2, 'Nightly', 'Nightly']);
  });

  it('makes versions without gap or loss of writes at once, each with a time of its order', async () => {
    const titles = Array.from({ length: 20 }, (_, n) => `title ${n}`);
    const applied = await Promise.all(titles.map((title) => apply('busy', title)));
    const byVersion = applied.map(({ record }) => record).sort((a, b) => a.version - b.version);
    assert.deepEqual(
      byVersion.map(({ version }) => version),
      titles.map((_, n) => n + 1),
    );
    assert.deepEqual(byVersion.map(({ spec }) => spec.title).sort(), [...titles].sort());
    const { items } = await postgres.specs.versions({ name: 'busy', limit: 50 });
    assert.deepEqual(
      items.map(({ createdAt }) => createdAt),
      items
        .map(({ createdAt }) => createdAt)
        .sort()
        .reverse(),
    );
  });

  it('lets one of many writers pass that saw the same version', async () => {
    await apply('busy');
    const writes = Array.from({ length: 8 }, (_, n) =>
      postgres.specs.apply(draft(aipodSpec('busy', `title ${n}`)), { ifVersion: 1 }),
    );
    const settled = await Promise.allSettled(writes);
    const refused = settled.filter((each) => each.status === 'rejected');
    assert.equal(refused.length, 7);
    for (const { reason } of refused) {
      assert.ok(refusal('schema-invalid conflict')(reason), String(reason));
      assert.deepEqual(reason.details, { field: 'ifVersion', name: 'busy', version: 2 });
    }
  });

  it('writes nothing when it refuses', async () => {
    await assert.rejects(
      postgres.specs.apply(draft(aipodSpec('never')), { ifVersion: 1 }),
      refusal('schema-invalid conflict'),
    );
    assert.deepEqual(await database.query('SELECT key FROM aipod_specs'), []);
  });

  it('counts on after a deletion, keeps what was, and takes the new spelling', async () => {
    await apply('Gone', 'one');
    assert.deepEqual(await postgres.specs.remove('gone'), { name: 'Gone', version: 1 });
    assert.equal(await postgres.specs.remove('gone'), undefined);
    assert.deepEqual((await postgres.specs.list({ limit: 10 })).items, []);
    assert.notEqual((await postgres.specs.get('Gone', 1))?.deletedAt, null);
    const { action, record } = await apply('gone', 'one');
    assert.deepEqual([action, record.version, record.name, record.deletedAt], ['created', 2, 'gone', null]);
    assert.equal((await postgres.specs.get('gone', 1))?.spec.title, 'one');
  });

  it('pages through specs by name and through versions newest first, and refuses a foreign cursor', async () => {
    for (const name of ['b', 'C', 'a-1', 'a.2', 'D']) await apply(name);
    for (const title of ['two', 'three', 'four', 'five']) await apply('b', title);
    const names: string[] = [];
    const versions: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await postgres.specs.list({ limit: 2, cursor });
      names.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    do {
      const page = await postgres.specs.versions({ name: 'B', limit: 2, cursor });
      versions.push(...page.items.map(({ version }) => version));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    assert.deepEqual(names, ['a-1', 'a.2', 'b', 'C', 'D']);
    assert.deepEqual(versions, [5, 4, 3, 2, 1]);
    const { nextCursor } = await postgres.specs.list({ limit: 1 });
    await assert.rejects(
      postgres.specs.versions({ name: 'b', limit: 1, cursor: nextCursor }),
      refusal('schema-invalid invalid'),
    );
    for (const wrong of ['', 'x', Buffer.from('aipod-specs/').toString('base64url')]) {
      await assert.rejects(postgres.specs.list({ limit: 1, cursor: wrong }), refusal('schema-invalid invalid'));
    }
  });

  it('applies many of a folder as one: a fault in the last leaves nothing of the first', async () => {
    const broken = { ...draft(aipodSpec('zz')), origin: null as never };
    await assert.rejects(postgres.specs.applyAll([draft(aipodSpec('aa')), broken]));
    assert.deepEqual(await database.query('SELECT key FROM aipod_specs'), []);
  });

  it('lets processes load the same files at once, in any order: one makes the versions, the others find them', async () => {
    const drafts = Array.from({ length: 30 }, (_, n) => draft(aipodSpec(`spec-${n}`)));
    const loads = [drafts, [...drafts].reverse(), drafts].map((load) => postgres.specs.applyAll(load));
    const actions = (await Promise.all(loads)).flat().map(({ action }) => action);
    assert.equal(actions.filter((action) => action === 'created').length, 30);
    assert.equal(actions.filter((action) => action === 'unchanged').length, 60);
  });

  it('answers a repeated key with what it made the first time, and refuses it for another body', async () => {
    const reservation = { tenantId: '', route: 'POST specs', key: 'k', bodyHash: 'h' };
    const first = await postgres.specs.apply(draft(aipodSpec('keyed', 'one')), { reservation });
    await apply('keyed', 'two');
    const again = await postgres.specs.apply(draft(aipodSpec('keyed', 'one')), { reservation });
    assert.deepEqual(again, first);
    assert.equal((await postgres.specs.get('keyed'))?.spec.title, 'two');
    await assert.rejects(
      postgres.specs.apply(draft(aipodSpec('keyed', 'other')), { reservation: { ...reservation, bodyHash: 'other' } }),
      refusal('idempotency-conflict conflict'),
    );
  });
});
