import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import fc from 'fast-check';
import { AgentRunError } from '../../src/domain/errors.js';
import { newId } from '../../src/domain/new-id.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { refused } from '../support/refused.js';
import { reservation } from '../support/reservations.js';
import { commandDraft, commandSnapshot, openRun, runDraft, runSnapshot } from '../support/runs.js';

describe('the run store', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });

  beforeEach(async () => {
    await database.query('TRUNCATE runs, idempotency_keys CASCADE');
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  describe('a run', () => {
    it('is read back as it was drafted, once opened', async () => {
      const draft = runDraft({
        sessionRef: { sessionId: 'sess-1', threadId: null, metadata: { 'a\u0000': '\ud800' } },
        workspaceRef: { kind: 'git', repoUrl: 'https://example.org/x.git', ref: 'main' },
        metadata: { deep: { list: [1, 'two', null] }, text: 'nul \u0000 lone \udfff' },
      });
      await postgres.runs.draftRun(draft);
      await postgres.runs.projectRun(runSnapshot(draft.id));
      const run = await postgres.runs.getRun(draft.id, 'all');
      assert.deepEqual(run, {
        ...draft,
        status: 'pending',
        terminalStatus: null,
        failureKind: null,
        failureMessage: null,
        claimedBy: null,
        leaseExpiresAt: null,
        attempt: 1,
        threadId: null,
        cancelRequestedAt: null,
        cancelReason: null,
        lastCommandSeq: 0,
        createdAt: run?.createdAt,
        updatedAt: run?.updatedAt,
        finishedAt: null,
        valuesPrinted: false,
      });
      assert.ok(Math.abs(Date.parse(run.createdAt) - Date.now()) < 60_000);
    });

    it('is seen by its own tenant only', async () => {
      const id = await openRun(postgres, { tenantId: 'tenant-a' });
      assert.ok(await postgres.runs.getRun(id, ['tenant-x', 'tenant-a']));
      assert.equal(await postgres.runs.getRun(id, ['tenant-b']), undefined);
      assert.equal(await postgres.runs.getRun(id, []), undefined);
      assert.deepEqual((await postgres.runs.listRuns({ tenants: ['tenant-b'], limit: 10 })).items, []);
    });

    it('shows when its live lease ends, and nothing of a dead one', async () => {
      const runId = await openRun(postgres);
      const end = await postgres.leases.grant({ runId, attempt: 1, runnerId: 'r1', leaseMs: 60_000 });
      assert.equal((await postgres.runs.getRun(runId, 'all'))?.leaseExpiresAt, new Date(end!).toISOString());
      await postgres.leases.revoke(runId, 1);
      assert.equal((await postgres.runs.getRun(runId, 'all'))?.leaseExpiresAt, null);
    });

    it('is not found by an id that PostgreSQL could not even store', async () => {
      assert.equal(await postgres.runs.getRun('run_\u0000\ud800', 'all'), undefined);
    });
  });

  describe('a draft', () => {
    it('is invisible to every read and write until it is opened', async () => {
      const { id } = await postgres.runs.draftRun(runDraft());
      assert.equal(await postgres.runs.getRun(id, 'all'), undefined);
      assert.deepEqual(await postgres.runs.listRuns({ tenants: 'all', limit: 10 }), { items: [] });
      assert.equal(await postgres.leases.read(id), undefined);
      await assert.rejects(postgres.runs.draftCommand(commandDraft(id)), refused('schema-invalid', 'missing'));
      await assert.rejects(
        postgres.events.append({ runId: id, fence: null, producer: 'p', events: [{ type: 'plan', payload: {} }] }),
        refused('schema-invalid', 'missing'),
      );
    });

    it('of a command is invisible until it is opened', async () => {
      const runId = await openRun(postgres);
      const { id } = await postgres.runs.draftCommand(commandDraft(runId));
      assert.equal(await postgres.runs.getCommand(id, 'all'), undefined);
      assert.deepEqual(await postgres.runs.listCommands({ runId, afterSeq: 0, limit: 10, openOnly: false }), []);
    });

    it('that is dropped leaves nothing, and frees its key', async () => {
      const { id } = await postgres.runs.draftRun(runDraft(), reservation());
      await postgres.runs.dropRunDraft(id);
      const again = await postgres.runs.draftRun(runDraft(), reservation({ bodyHash: 'another' }));
      assert.notEqual(again.id, id);
      assert.deepEqual(
        (await database.query('SELECT id FROM runs')).map((row) => row['id']),
        [again.id],
      );
    });

    it('stays while another request with the same key tries to open it', async () => {
      const first = await postgres.runs.draftRun(runDraft(), reservation());
      const second = await postgres.runs.draftRun(runDraft(), reservation());
      assert.deepEqual(second, { id: first.id, opened: false });
      await postgres.runs.dropRunDraft(first.id);
      await postgres.runs.projectRun(runSnapshot(first.id));
      assert.ok(await postgres.runs.getRun(first.id, 'all'));
    });

    it('that was opened is not dropped any more', async () => {
      const runId = await openRun(postgres);
      await postgres.runs.dropRunDraft(runId);
      assert.ok(await postgres.runs.getRun(runId, 'all'));

      const { id } = await postgres.runs.draftCommand(commandDraft(runId));
      await postgres.runs.projectRun(runSnapshot(runId, { version: 2, commands: [commandSnapshot(id)] }));
      await postgres.runs.dropCommandDraft(id);
      assert.ok(await postgres.runs.getCommand(id, 'all'));
    });
  });

  describe('an idempotency key', () => {
    it('makes concurrent requests go on with one id', async () => {
      const drafted = await Promise.all(
        Array.from({ length: 12 }, () => postgres.runs.draftRun(runDraft(), reservation())),
      );
      assert.equal(new Set(drafted.map((draft) => draft.id)).size, 1);
      assert.equal((await database.query('SELECT FROM runs')).length, 1);
    });

    it('finds the run that it made, opened', async () => {
      const { id } = await postgres.runs.draftRun(runDraft(), reservation());
      await postgres.runs.projectRun(runSnapshot(id));
      assert.deepEqual(await postgres.runs.draftRun(runDraft(), reservation()), { id, opened: true });
    });

    it('is refused with another body', async () => {
      await postgres.runs.draftRun(runDraft(), reservation());
      await assert.rejects(
        postgres.runs.draftRun(runDraft(), reservation({ bodyHash: 'hash-2' })),
        refused('idempotency-conflict', 'conflict'),
      );
    });

    it('belongs to its tenant and route', async () => {
      const drafts = await Promise.all([
        postgres.runs.draftRun(runDraft(), reservation()),
        postgres.runs.draftRun(
          runDraft({ tenantId: 'tenant-b' }),
          reservation({ tenantId: 'tenant-b', bodyHash: 'x' }),
        ),
        postgres.runs.draftRun(runDraft(), reservation({ route: 'POST tasks', bodyHash: 'y' })),
      ]);
      assert.equal(new Set(drafts.map((draft) => draft.id)).size, 3);
    });

    it('of a command works the same', async () => {
      const runId = await openRun(postgres);
      const key = reservation({ route: `POST runs/${runId}/commands` });
      const drafted = await Promise.all(
        Array.from({ length: 6 }, () => postgres.runs.draftCommand(commandDraft(runId), key)),
      );
      const id = drafted[0]!.id;
      assert.ok(drafted.every((draft) => draft.id === id && !draft.opened));
      await postgres.runs.projectRun(runSnapshot(runId, { version: 2, commands: [commandSnapshot(id)] }));
      assert.deepEqual(await postgres.runs.draftCommand(commandDraft(runId), key), { id, opened: true });
      await assert.rejects(
        postgres.runs.draftCommand(commandDraft(runId), { ...key, bodyHash: 'other' }),
        refused('idempotency-conflict', 'conflict'),
      );
    });

    it('converges also while the same draft is being dropped', async () => {
      for (let round = 0; round < 15; round++) {
        const key = reservation({ key: `race-${round}` });
        const { id } = await postgres.runs.draftRun(runDraft(), key);
        const [second] = await Promise.all([postgres.runs.draftRun(runDraft(), key), postgres.runs.dropRunDraft(id)]);
        const rows = await database.query('SELECT thing_id FROM idempotency_keys WHERE key = $1', [key.key]);
        assert.deepEqual(rows, [{ thing_id: second.id }]);
        await postgres.runs.projectRun(runSnapshot(second.id));
        assert.ok(await postgres.runs.getRun(second.id, 'all'));
      }
    });
  });

  describe('the list', () => {
    const walk = async (limit: number, between: () => Promise<unknown> = async () => undefined) => {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await postgres.runs.listRuns({ tenants: 'all', limit, cursor });
        assert.ok(page.items.length <= limit);
        ids.push(...page.items.map((run) => run.id));
        cursor = page.nextCursor;
        await between();
      } while (cursor !== undefined);
      return ids;
    };

    it('is newest first and pages through every run once, also while runs are added', async () => {
      const opened: string[] = [];
      for (let i = 0; i < 12; i++) opened.push(await openRun(postgres));
      // Some of one millisecond, so that the id decides.
      await database.query(`UPDATE runs SET created_at = date_trunc('second', created_at) WHERE id = ANY ($1)`, [
        opened.slice(3, 8),
      ]);
      const expected = await database.query('SELECT id FROM runs ORDER BY created_at DESC, id DESC');
      const walked = await walk(2, () => openRun(postgres));
      assert.deepEqual(
        walked,
        expected.map((row) => row['id']),
      );
    });

    it('has no cursor after its last page, also when that is full', async () => {
      for (let i = 0; i < 4; i++) await openRun(postgres);
      assert.equal((await postgres.runs.listRuns({ tenants: 'all', limit: 4 })).nextCursor, undefined);
      assert.equal((await walk(2)).length, 4);
    });

    it('filters by status, session, tenant, and whether there is an end', async () => {
      const plain = await openRun(postgres);
      const other = await openRun(postgres, { tenantId: 'tenant-b' });
      const session = await openRun(postgres, { sessionRef: { sessionId: 'sess-9' } });
      await postgres.runs.projectRun(runSnapshot(plain, { version: 2, status: 'running' }));
      const ids = async (given: object) =>
        (await postgres.runs.listRuns({ tenants: 'all', limit: 10, ...given })).items.map((run) => run.id);
      assert.deepEqual(await ids({ status: 'running' }), [plain]);
      assert.deepEqual(await ids({ sessionId: 'sess-9' }), [session]);
      assert.deepEqual(await ids({ tenantId: 'tenant-b' }), [other]);
      assert.deepEqual(await ids({ sessionId: 'sess-9', isOpen: true }), [session]);
      await postgres.runs.closeOrphan(session, 'its workflow is gone');
      assert.deepEqual(await ids({ sessionId: 'sess-9', isOpen: true }), []);
      assert.deepEqual(await ids({ sessionId: 'sess-9' }), [session]);
      assert.deepEqual(await ids({ tenantId: 'tenant-b', tenants: ['tenant-a'] }), []);
    });

    it('refuses every cursor that it did not make', async () => {
      await openRun(postgres);
      await openRun(postgres);
      const { nextCursor } = await postgres.runs.listRuns({ tenants: 'all', limit: 1 });
      const list = (cursor: string) => postgres.runs.listRuns({ tenants: 'all', limit: 1, cursor });
      assert.equal((await list(nextCursor!)).items.length, 1);
      const isRefusal = (error: unknown) => {
        assert.ok(error instanceof AgentRunError);
        assert.deepEqual([error.refusal, error.details['field']], ['invalid', 'cursor']);
        return true;
      };
      const other = Buffer.from('tasks/1700000000000/task_1').toString('base64url');
      const [, , id] = Buffer.from(nextCursor!, 'base64url').toString().split('/');
      const at = (ms: number) => Buffer.from(`runs/${ms}/${id}`).toString('base64url');
      assert.equal((await list(at(253_402_300_799_999))).items.length, 1);
      // Times that a Date has and PostgreSQL does not take.
      const beyond = [-8.64e15, -1, 253_402_300_800_000, 8.64e15].map(at);
      for (const cursor of ['', 'x', '%', other, `${nextCursor}=`, `${nextCursor} `, ...beyond]) {
        await assert.rejects(list(cursor), isRefusal, cursor);
      }
      await fc.assert(fc.asyncProperty(fc.string(), async (cursor) => assert.rejects(list(cursor), isRefusal)));
    });
  });

  it('finds commands after a seq, open ones only where asked', async () => {
    const runId = await openRun(postgres);
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await postgres.runs.draftCommand(commandDraft(runId))).id);
    await postgres.runs.projectRun(
      runSnapshot(runId, {
        version: 2,
        commands: ids.map((id, i) => commandSnapshot(id, { seq: i + 1, state: i === 1 ? 'completed' : 'pending' })),
      }),
    );
    const seqs = async (given: object) =>
      (await postgres.runs.listCommands({ runId, afterSeq: 0, limit: 10, openOnly: false, ...given })).map(
        (c) => c.seq,
      );
    assert.deepEqual(await seqs({}), [1, 2, 3]);
    assert.deepEqual(await seqs({ afterSeq: 1 }), [2, 3]);
    assert.deepEqual(await seqs({ limit: 2 }), [1, 2]);
    assert.deepEqual(await seqs({ openOnly: true }), [1, 3]);
    assert.equal((await postgres.runs.getCommand(ids[1]!, 'all'))?.terminalStatus, 'completed');
    assert.equal(await postgres.runs.getCommand(ids[1]!, ['tenant-b']), undefined);
    assert.equal(await postgres.runs.getCommand(newId('cmd'), 'all'), undefined);
  });
});
