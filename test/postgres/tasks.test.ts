import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { newId } from '../../src/domain/new-id.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { refused } from '../support/refused.js';
import { reservation } from '../support/reservations.js';
import { commandDraft, commandSnapshot, openRun, runSnapshot } from '../support/runs.js';
import { attemptSnapshot, openTask, taskDraft, taskSnapshot } from '../support/tasks.js';

describe('the task store', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });

  beforeEach(async () => {
    await database.query('TRUNCATE tasks, queues, runs, sessions, idempotency_keys, notes CASCADE');
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  const read = async (taskId: string, readerId = 'ann') => (await postgres.tasks.get(taskId, 'all', readerId))!;
  const recordOf = async (taskId: string, readerId?: string) => (await read(taskId, readerId)).record;
  const end = (taskId: string, given: Parameters<typeof taskSnapshot>[1] = {}) =>
    postgres.tasks.project(taskSnapshot(taskId, { version: 9, state: 'completed', phase: 'ended', ...given }));

  it('finds the few in a state, and the few that changed, without reading all there are', async () => {
    const taskId = await openTask(postgres);
    await database.query(
      `INSERT INTO tasks SELECT copy.* FROM tasks t CROSS JOIN generate_series(1, 3000) AS n CROSS JOIN LATERAL jsonb_populate_record(t,
         jsonb_build_object('id', 'task_copy' || n, 'state', CASE WHEN n % 500 = 0 THEN 'blocked' ELSE 'completed' END,
           'updated_at', now() - n * interval '1 minute')) AS copy WHERE t.id = $1`,
      [taskId],
    );
    await database.query('ANALYZE tasks');
    const plan = async (condition: string) => {
      const rows = await database.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT t.* FROM tasks t WHERE t.opened_at IS NOT NULL AND ${condition} ORDER BY t.created_at DESC, t.id DESC LIMIT 51`,
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    assert.match(await plan(`t.state = 'blocked'`), /tasks_in_state/);
    assert.match(await plan(`t.updated_at > now() - interval '10 minutes'`), /tasks_changed/);
    const blocked = await postgres.tasks.list({ tenants: 'all', state: 'blocked', updatedAfterMs: 0, limit: 50 });
    assert.equal(blocked.items.length, 6);
  });

  describe('a task', () => {
    it('is read back as it was drafted, once opened', async () => {
      const run = {
        tenantId: 'tenant-a',
        projectId: 'project',
        backendProfile: 'exec',
        workspaceRef: { kind: 'none' as const },
        sessionRef: { sessionId: 'sess-1', metadata: { 'a\u0000': '\ud800' } },
        metadata: { text: 'nul \u0000' },
      };
      const draft = taskDraft({
        title: 'A title',
        run,
        payload: { prompt: 'x \u0000', more: [1] },
        runnerJob: { env: { A: 'b' } },
        notBefore: '2030-01-02T03:04:05.678Z',
        budget: { maxTokens: 2 ** 40, maxWallTimeMs: 5_000 },
        aipod: { name: 'Fixer', version: 3 },
      });
      await postgres.tasks.draft(draft);
      assert.equal(await postgres.tasks.get(draft.id, 'all'), undefined);
      await postgres.tasks.project(taskSnapshot(draft.id));
      const row = await read(draft.id);
      assert.deepEqual(row.work, { run, payload: draft.payload, runnerJob: draft.runnerJob });
      const { run: _run, payload: _payload, runnerJob: _job, ...own } = draft;
      assert.deepEqual(row.record, {
        ...own,
        state: 'pending',
        phase: 'waiting-for-dispatch',
        dispatchedAt: null,
        waitingUntil: null,
        usage: { totalTokens: 0, wallTimeMs: 0 },
        sessionRef: run.sessionRef,
        latestAttempt: null,
        failureKind: null,
        failureMessage: null,
        cancelRequestedAt: null,
        cancelReason: null,
        metadata: run.metadata,
        unread: false,
        createdAt: row.record.createdAt,
        updatedAt: row.record.updatedAt,
        finishedAt: null,
        valuesPrinted: false,
      });
      assert.deepEqual([row.version, row.attempt, row.wallTimeMs], [1, 0, 0]);
    });

    it('is seen by its own tenant only', async () => {
      const id = await openTask(postgres);
      assert.ok(await postgres.tasks.get(id, ['tenant-x', 'tenant-a']));
      assert.equal(await postgres.tasks.get(id, ['tenant-b']), undefined);
      assert.deepEqual((await postgres.tasks.list({ tenants: ['tenant-b'], updatedAfterMs: 0, limit: 10 })).items, []);
    });
  });

  describe('an idempotency key', () => {
    it('makes concurrent requests go on with one id, refuses another body, and finds the opened task', async () => {
      const drafted = await Promise.all(
        Array.from({ length: 8 }, () => postgres.tasks.draft(taskDraft(), reservation())),
      );
      const id = drafted[0]!.id;
      assert.ok(drafted.every((draft) => draft.id === id && !draft.opened));
      await assert.rejects(
        postgres.tasks.draft(taskDraft(), reservation({ bodyHash: 'other' })),
        refused('idempotency-conflict', 'conflict'),
      );
      await postgres.tasks.project(taskSnapshot(id));
      assert.deepEqual(await postgres.tasks.draft(taskDraft(), reservation()), { id, opened: true });
    });
  });

  describe('a queue that is full', () => {
    it('refuses a further task, of all that come at once too, and answers a repeat', async () => {
      await postgres.tasks.updateQueue('default', { maxPending: 3 });
      const asked = Array.from({ length: 8 }, (_, n) =>
        postgres.tasks.draft(taskDraft(), reservation({ key: `key-${n}` })).catch((error: unknown) => error),
      );
      const answers = await Promise.all(asked);
      const full = answers.filter(refused('rate-limited', 'conflict'));
      assert.equal(full.length, 5);
      const taken = answers.findIndex((answer) => !(answer instanceof Error));
      const again = await postgres.tasks.draft(taskDraft(), reservation({ key: `key-${taken}` }));
      assert.deepEqual(again, answers[taken]);
      assert.equal((await postgres.tasks.draft(taskDraft({ queue: 'other' }))).opened, false);
    });

    it('has room again when one of its tasks runs, and does not count drafts that nobody opened for long', async () => {
      await postgres.tasks.updateQueue('default', { maxPending: 1 });
      const id = await openTask(postgres);
      await assert.rejects(postgres.tasks.draft(taskDraft()), refused('rate-limited', 'conflict'));
      await postgres.tasks.project(taskSnapshot(id, { version: 2, state: 'running', phase: 'running', attempt: 1 }));
      await postgres.tasks.draft(taskDraft());
      await assert.rejects(postgres.tasks.draft(taskDraft()), refused('rate-limited', 'conflict'));
      await database.query(`UPDATE tasks SET created_at = created_at - interval '3 minutes' WHERE opened_at IS NULL`);
      await postgres.tasks.draft(taskDraft());
    });

    it('lets as many ended tasks begin again as it has room for, of all that come at once too', async () => {
      await postgres.tasks.updateQueue('default', { maxPending: 3 });
      const ids: string[] = [];
      for (let n = 0; n < 8; n++) ids.push(await openTask(postgres, {}, { state: 'failed', phase: 'ended' }));
      await openTask(postgres);
      const admit = (id: string) => postgres.tasks.admitAgain(id).then(() => id, refused('rate-limited', 'conflict'));
      const [first, second, ...more] = (await Promise.all(ids.map(admit))).filter((answer) => answer !== true);
      assert.ok(typeof first === 'string' && typeof second === 'string' && more.length === 0);
      await postgres.tasks.admitAgain(first);
      await assert.rejects(postgres.tasks.draft(taskDraft()), refused('rate-limited', 'conflict'));

      const begun = { version: 2, afterVersion: 1, executionId: 'execution-2' };
      await postgres.tasks.project(taskSnapshot(first, { ...begun, state: 'failed', phase: 'ended' }));
      await postgres.tasks.draft(taskDraft());
      await database.query(`UPDATE tasks SET admitted_at = now() - interval '3 minutes' WHERE id = $1`, [second]);
      await postgres.tasks.draft(taskDraft());
    });
  });

  describe('a projection', () => {
    it('is written once, and changes nothing when it is not newer or another execution’s', async () => {
      const id = await openTask(postgres);
      const running = taskSnapshot(id, { version: 3, state: 'running', phase: 'running', attempt: 1 });
      assert.equal(await postgres.tasks.project(running), 'written');
      assert.equal(await postgres.tasks.project(running), 'stale');
      assert.equal(await end(id, { version: 2 }), 'stale');
      assert.equal(await end(id, { executionId: 'execution-2' }), 'foreign');
      assert.equal((await recordOf(id)).state, 'running');
      await assert.rejects(postgres.tasks.project(taskSnapshot(newId('task'))), refused('schema-invalid', 'missing'));
    });

    it('of a further execution is taken where it goes on from the row, and from nowhere else', async () => {
      const id = await openTask(postgres);
      await end(id, { version: 5, state: 'failed', failureKind: 'backend-failed', failureMessage: { text: 'broke' } });
      const next = taskSnapshot(id, { version: 6, executionId: 'execution-2', attempt: 1 });
      assert.equal(await postgres.tasks.project({ ...next, afterVersion: 4 }), 'foreign');
      assert.equal(await postgres.tasks.project({ ...next, afterVersion: 5 }), 'written');
      assert.equal(await postgres.tasks.project({ ...next, afterVersion: 5 }), 'stale');
      assert.equal(await end(id, { version: 7 }), 'foreign');
      const { state, failureKind, failureMessage, finishedAt } = await recordOf(id);
      assert.deepEqual([state, failureKind, failureMessage, finishedAt], ['pending', null, null, null]);
    });

    it('tells each end once to those who have not seen it', async () => {
      const id = await openTask(postgres);
      const marks = async () => [(await recordOf(id, 'ann')).unread, (await recordOf(id, 'ben')).unread];
      assert.deepEqual(await marks(), [false, false]);
      await end(id, { version: 2, state: 'failed' });
      await end(id, { version: 3, state: 'failed' });
      assert.deepEqual(await marks(), [true, true]);
      await postgres.tasks.markRead(id, 'ann');
      await postgres.tasks.markRead(id, 'ann');
      assert.deepEqual(await marks(), [false, true]);
      await postgres.tasks.project(taskSnapshot(id, { version: 4, executionId: 'e2', afterVersion: 3 }));
      assert.deepEqual(await marks(), [false, true]);
      await end(id, { version: 5, executionId: 'e2' });
      assert.deepEqual(await marks(), [true, true]);
    });

    it('keeps words of notes, also when the notes are gone', async () => {
      const id = await openTask(postgres);
      const reason = { noteId: await postgres.runs.writeNote(id, 'no longer wanted') };
      const words = { cancelReason: reason, failureMessage: reason, cancelRequestedAtMs: Date.now() };
      const attempts = [attemptSnapshot({ state: 'failed', failureMessage: reason, finishedAtMs: Date.now() })];
      await postgres.tasks.project(taskSnapshot(id, { version: 2, attempt: 1, attempts, ...words }));
      await database.query('DELETE FROM notes');
      await end(id, { state: 'cancelled', attempt: 1, attempts, ...words });
      const record = await recordOf(id);
      assert.equal(record.cancelReason, 'no longer wanted');
      assert.equal(record.failureMessage, 'no longer wanted');
      assert.equal(record.latestAttempt?.failureMessage, 'no longer wanted');
    });

    it('shows until when a task waits only while it does', async () => {
      const waitingUntilMs = Date.parse('2031-01-01T00:00:00.000Z');
      const id = await openTask(postgres, {}, { phase: 'waiting-until', waitingUntilMs });
      assert.equal((await recordOf(id)).waitingUntil, '2031-01-01T00:00:00.000Z');
      await postgres.tasks.project(taskSnapshot(id, { version: 2, phase: 'waiting-for-slot', waitingUntilMs }));
      assert.equal((await recordOf(id)).waitingUntil, null);
    });
  });

  describe('an attempt', () => {
    const started = async (given: Parameters<typeof attemptSnapshot>[0] = {}) => {
      const runId = await openRun(postgres);
      const { id: commandId } = await postgres.runs.draftCommand(commandDraft(runId));
      const taskId = await openTask(
        postgres,
        {},
        {
          state: 'running',
          phase: 'running',
          attempt: 1,
          wallTimeMs: 1_000,
          attempts: [attemptSnapshot({ runId, commandId, startedAtMs: Date.now() - 5_000, ...given })],
        },
      );
      return { runId, commandId, taskId };
    };
    const projectCommand = (runId: string, id: string, given: object) =>
      postgres.runs.projectRun(runSnapshot(runId, { version: 5, commands: [commandSnapshot(id, given)] }));

    it('is in the state of its command, as that changes', async () => {
      const startedAtMs = Date.now() - 5_000;
      const { runId, commandId, taskId } = await started({ startedAtMs });
      assert.equal((await recordOf(taskId)).latestAttempt?.state, 'pending');
      await projectCommand(runId, commandId, { state: 'acknowledged' });
      assert.equal((await recordOf(taskId)).latestAttempt?.state, 'acknowledged');
      const finishedAtMs = Date.now() - 2_000;
      const over = { state: 'failed' as const, failureKind: 'idle-timeout' as const, finishedAtMs };
      await postgres.runs.projectRun(runSnapshot(runId, { version: 6, commands: [commandSnapshot(commandId, over)] }));
      const { latestAttempt, usage, state } = await recordOf(taskId);
      assert.deepEqual(
        [latestAttempt?.state, latestAttempt?.failureKind, state],
        ['failed', 'idle-timeout', 'running'],
      );
      assert.equal(latestAttempt?.finishedAt, new Date(finishedAtMs).toISOString());
      assert.equal(usage.wallTimeMs, 1_000 + finishedAtMs - startedAtMs);
    });

    it('counts its time while it is live, and once', async () => {
      const { taskId } = await started();
      const live = (await recordOf(taskId)).usage.wallTimeMs;
      assert.ok(live >= 6_000 && live < 16_000, `${live}`);
      const attempts = [attemptSnapshot({ state: 'completed', finishedAtMs: Date.now() })];
      await end(taskId, { attempt: 1, wallTimeMs: 6_500, attempts });
      assert.equal((await recordOf(taskId)).usage.wallTimeMs, 6_500);
      assert.equal((await read(taskId)).wallTimeMs, 6_500);
    });

    it('that could not be started tells so without a command', async () => {
      const id = await openTask(postgres);
      const failed = attemptSnapshot({
        state: 'failed',
        failureKind: 'infra-failed',
        failureMessage: { text: 'no database' },
        finishedAtMs: Date.now(),
      });
      await postgres.tasks.project(
        taskSnapshot(id, { version: 2, phase: 'waiting-to-retry', attempt: 1, attempts: [failed] }),
      );
      await postgres.tasks.project(
        taskSnapshot(id, { version: 3, phase: 'starting', attempt: 2, attempts: [attemptSnapshot({ attempt: 2 })] }),
      );
      const attempts = await postgres.tasks.listAttempts(id);
      assert.deepEqual(
        attempts.map(({ attempt, state, runId, failureKind }) => [attempt, state, runId, failureKind]),
        [
          [1, 'failed', null, 'infra-failed'],
          [2, 'pending', null, null],
        ],
      );
      assert.equal((await recordOf(id)).latestAttempt?.attempt, 2);
    });

    it('keeps its run and command when a later snapshot tells only its end', async () => {
      const { taskId, runId, commandId } = await started({ sessionId: 'sess-1', runnerJobId: newId('rjob') });
      await end(taskId, { attempt: 1, attempts: [attemptSnapshot({ state: 'cancelled', finishedAtMs: Date.now() })] });
      const { latestAttempt } = await recordOf(taskId);
      assert.deepEqual([latestAttempt?.runId, latestAttempt?.commandId], [runId, commandId]);
      assert.equal(latestAttempt?.sessionId, 'sess-1');
    });
  });

  describe('a task whose workflow is gone', () => {
    it('is ended once, and takes no snapshot of the lost one, but one that goes on from here', async () => {
      const id = await openTask(
        postgres,
        {},
        { state: 'running', phase: 'running', attempt: 1, attempts: [attemptSnapshot()] },
      );
      const before = (await read(id)).version;
      await postgres.tasks.closeOrphan(id, before - 1, 'not this one');
      assert.equal((await recordOf(id)).state, 'running');
      await postgres.tasks.closeOrphan(id, before, 'gone');
      await postgres.tasks.closeOrphan(id, before, 'gone again');
      const { record, version } = await read(id);
      assert.deepEqual([record.state, record.phase, record.failureKind], ['failed', 'ended', 'infra-failed']);
      assert.deepEqual([record.failureMessage, record.unread, version], ['gone', true, 2]);
      assert.equal(record.latestAttempt?.state, 'failed');
      assert.equal(await end(id), 'foreign');
      const next = taskSnapshot(id, { version: 3, executionId: 'execution-2', afterVersion: version, attempt: 1 });
      assert.equal(await postgres.tasks.project(next), 'written');
    });

    it('stays as it is when it had ended, or was a draft', async () => {
      const ended = await openTask(postgres);
      await end(ended);
      await postgres.tasks.closeOrphan(ended, (await read(ended)).version, 'gone');
      assert.equal((await recordOf(ended)).state, 'completed');
      const { id } = await postgres.tasks.draft(taskDraft());
      await postgres.tasks.closeOrphan(id, -1, 'gone');
      await postgres.tasks.project(taskSnapshot(id));
      assert.equal((await recordOf(id)).state, 'pending');
    });
  });

  describe('the list', () => {
    const ids = async (given: object) =>
      (await postgres.tasks.list({ tenants: 'all', updatedAfterMs: 0, limit: 50, ...given })).items.map(({ id }) => id);

    it('is newest first and pages through every task once, also while tasks are added', async () => {
      for (let i = 0; i < 9; i++) await openTask(postgres);
      await database.query(`UPDATE tasks SET created_at = date_trunc('second', created_at)`);
      const expected = await database.query('SELECT id FROM tasks ORDER BY created_at DESC, id DESC');
      const walked: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await postgres.tasks.list({ tenants: 'all', updatedAfterMs: 0, limit: 2, cursor });
        walked.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
        await openTask(postgres);
      } while (cursor !== undefined);
      assert.deepEqual(
        walked,
        expected.map((row) => row['id']),
      );
    });

    it('filters by queue, state and the time of the last change, and refuses cursors of other lists', async () => {
      const plain = await openTask(postgres);
      const other = await openTask(postgres, { queue: 'other' });
      await end(other);
      await database.query(`UPDATE tasks SET updated_at = '2020-01-01T00:00:00.001Z' WHERE id = $1`, [plain]);
      assert.deepEqual(await ids({ queue: 'other' }), [other]);
      assert.deepEqual(await ids({ state: 'pending' }), [plain]);
      const at = Date.parse('2020-01-01T00:00:00.000Z');
      assert.deepEqual(await ids({ updatedAfterMs: at }), [other, plain]);
      assert.deepEqual(await ids({ updatedAfterMs: at + 1 }), [other]);
      const foreign = Buffer.from('runs/1700000000000/run_1').toString('base64url');
      await assert.rejects(ids({ cursor: foreign }), refused('schema-invalid', 'invalid'));
    });

    it('tells each reader what is unread', async () => {
      const id = await openTask(postgres);
      await end(id);
      await postgres.tasks.markRead(id, 'ann');
      const unread = async (readerId: string) =>
        (await postgres.tasks.list({ tenants: 'all', updatedAfterMs: 0, limit: 50, readerId })).items[0]?.unread;
      assert.deepEqual([await unread('ann'), await unread('ben')], [false, true]);
    });
  });
});
