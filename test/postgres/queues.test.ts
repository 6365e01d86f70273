import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import {
  attentionState,
  BY_URGENCY,
  NEEDS_ATTENTION,
  type AttentionFacts,
  type AttentionState,
} from '../../src/domain/attention.js';
import { AgentRunError } from '../../src/domain/errors.js';
import { TERMINAL_STATUSES } from '../../src/domain/outcome.js';
import type { TaskSnapshot } from '../../src/domain/task-snapshot.js';
import type { TaskDraft } from '../../src/ports/task-store.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { firstInOrder } from '../../workflows/queue/first-in-order.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { endLease } from '../support/end-lease.js';
import { refused } from '../support/refused.js';
import { openRun, runSnapshot } from '../support/runs.js';
import { attemptSnapshot, openTask, taskDraft } from '../support/tasks.js';

const DEFAULTS = { concurrency: 10, paused: false, autoDispatch: false, maxPending: 10_000, weights: {} };

describe('the rows of queues', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
    await postgres.leases.beat(60_000);
  });

  beforeEach(async () => {
    await database.query('TRUNCATE tasks, queues, runs, sessions CASCADE');
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  const open = (draft: Partial<TaskDraft> = {}, snapshot: Partial<TaskSnapshot> = {}) =>
    openTask(postgres, draft, snapshot);

  describe('the places', () => {
    it('are all one tenant’s where nobody else has a task, and yet keep no other tenant from its share', async () => {
      await postgres.tasks.updateQueue('default', { maxPending: 6 });
      const draft = async (tenantId: string) => postgres.tasks.draft(taskDraft({ tenantId }));
      const asked = Array.from({ length: 8 }, async () => draft('tenant-a').catch((error: unknown) => error));
      const refusals = (await Promise.all(asked)).filter(refused('rate-limited', 'conflict'));
      assert.equal(refusals.length, 2);
      const full = /the queue default has the 6 pending tasks that it takes, and your share of them is used/;
      const ended = await openTask(postgres, { tenantId: 'tenant-b' }, { state: 'failed', phase: 'ended' });
      for (let index = 0; index < 3; index += 1) await draft('tenant-b');
      await assert.rejects(draft('tenant-b'), full, 'half of it is its share');
      await assert.rejects(postgres.tasks.admitAgain(ended), full);
      await assert.rejects(draft('tenant-a'), full);
      for (let index = 0; index < 2; index += 1) await draft('tenant-c');
      await assert.rejects(draft('tenant-c'), full, 'a third');
    });
  });

  describe('the settings', () => {
    it('have their defaults until somebody says otherwise, and change only where they are named', async () => {
      assert.deepEqual(await postgres.tasks.queue('q'), {
        ...DEFAULTS,
        name: 'q',
        updatedAt: null,
        valuesPrinted: false,
      });
      await Promise.all([
        postgres.tasks.updateQueue('q', { concurrency: 0 }),
        postgres.tasks.updateQueue('q', { paused: true }),
        postgres.tasks.updateQueue('q', { weights: { 'tenant-a': 3 } }),
      ]);
      await postgres.tasks.updateQueue('q', { autoDispatch: true, maxPending: 7 });
      const { updatedAt, ...queue } = await postgres.tasks.queue('q');
      assert.ok(updatedAt !== null);
      const expected = { concurrency: 0, paused: true, autoDispatch: true, maxPending: 7, weights: { 'tenant-a': 3 } };
      assert.deepEqual(queue, { name: 'q', ...expected, valuesPrinted: false });
      assert.deepEqual((await postgres.tasks.updateQueue('q', { weights: {} })).weights, {});
    });

    it('are listed by name, with the queues that have tasks which the reader may see', async () => {
      await postgres.tasks.updateQueue('b', { paused: true });
      for (const queue of ['d', 'a', 'a']) await open({ queue });
      await open({ queue: 'c', tenantId: 'tenant-b' });
      await postgres.tasks.draft(taskDraft({ queue: 'draft' }));
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await postgres.tasks.listQueues({ tenants: 'all', limit: 2, cursor });
        names.push(...page.items.map(({ name }) => name));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      assert.deepEqual(names, ['a', 'b', 'c', 'd']);
      const seen = await postgres.tasks.listQueues({ tenants: ['tenant-b'], limit: 10 });
      assert.deepEqual(
        seen.items.map(({ name, paused }) => [name, paused]),
        [
          ['b', true],
          ['c', false],
        ],
      );
      const isInvalid = (error: unknown) => error instanceof AgentRunError && error.details['field'] === 'cursor';
      await assert.rejects(postgres.tasks.listQueues({ tenants: 'all', limit: 2, cursor: 'x' }), isInvalid);
    });
  });

  it('know who waits for a slot and who has one', async () => {
    await postgres.tasks.updateQueue('q', { concurrency: 2, weights: { 'tenant-a': 2 } });
    const waiting = await open(
      { queue: 'q', priority: 700 },
      { phase: 'waiting-for-slot', slotWantedAtMs: Date.now() },
    );
    const again = await open({ queue: 'q' }, { phase: 'waiting-for-slot', attempt: 2 });
    const starting = await open({ queue: 'q' }, { phase: 'starting', attempt: 1 });
    const running = await open(
      { queue: 'q', tenantId: 'tenant-b' },
      { state: 'running', phase: 'running', attempt: 3 },
    );
    await open({ queue: 'q' }, { phase: 'waiting-to-retry', attempt: 1 });
    await open({ queue: 'q' });
    await open({ queue: 'q' }, { state: 'completed', phase: 'ended', attempt: 1 });
    await open({ queue: 'other' }, { phase: 'waiting-for-slot' });
    const slots = await postgres.tasks.slots('q');
    assert.deepEqual(slots.settings, { concurrency: 2, paused: false, weights: { 'tenant-a': 2 } });
    const createdAt = (await postgres.tasks.get(waiting, 'all'))!.record.createdAt;
    const wants = { tenantId: 'tenant-a', priority: 700, sinceMs: Date.parse(createdAt) };
    assert.deepEqual(slots.waiting[0], { taskId: waiting, attempt: 1, ...wants });
    assert.deepEqual([slots.waiting[1]?.taskId, slots.waiting[1]?.attempt, slots.waiting.length], [again, 3, 2]);
    assert.deepEqual(slots.holding, [
      { taskId: starting, attempt: 1, tenantId: 'tenant-a' },
      { taskId: running, attempt: 3, tenantId: 'tenant-b' },
    ]);
  });

  it('tell the first of very many that wait, in the order in which slots come to them', async () => {
    await postgres.tasks.updateQueue('q', { weights: { b: 2 } });
    await database.query(
      `INSERT INTO tasks (id, queue, tenant_id, project_id, backend_profile, run, metadata, runner_job, payload, priority, auto_dispatch,
         retry_policy, trace_id, created_at, opened_at, phase)
       SELECT 'task_' || n, 'q', (ARRAY['a', 'b', 'c'])[1 + n % 3], 'p', 'exec', '{}', '{}', '{}', '{}', 500 + (n % 7) * 10, true, '{}',
         'trc', timestamptz '2026-01-01' + (n % 997) * interval '1 second', now(), 'waiting-for-slot'
       FROM generate_series(1, 10000) n`,
    );
    const all = await postgres.tasks.slots('q', 20_000);
    assert.deepEqual([all.waiting.length, all.more], [10_000, undefined]);
    const first = await postgres.tasks.slots('q');
    assert.deepEqual([first.waiting.length, first.more], [1_000, true]);
    const expected = firstInOrder(all.waiting, first.settings, 1_000);
    assert.deepEqual(first.waiting, expected);
    assert.equal((await postgres.tasks.listInQueue('q')).length, 10_000);
  });

  it('count what tasks do, of one queue or of all, as far as the reader may see them', async () => {
    const oldest = await open({ queue: 'q' });
    await open({ queue: 'q' }, { phase: 'waiting-for-slot', slotWantedAtMs: Date.now() - 5_000 });
    await open({ queue: 'q' }, { phase: 'waiting-until' });
    await open({ queue: 'q' }, { phase: 'waiting-to-retry' });
    await open({ queue: 'q' }, { phase: 'starting' });
    await open({ queue: 'q' }, { state: 'running', phase: 'running' });
    await open({ queue: 'q' }, { state: 'failed', phase: 'ended', atMs: Date.now() - 1_000 });
    await open({ queue: 'q' }, { state: 'completed', phase: 'ended', atMs: Date.now() - 600_000 });
    await open({ queue: 'q' }, { state: 'cancelled', phase: 'ended', atMs: Date.now() - 7_200_000 });
    await open({ queue: 'other', tenantId: 'tenant-b' }, { state: 'blocked', phase: 'ended' });
    await postgres.tasks.draft(taskDraft({ queue: 'q' }));
    await database.query(`UPDATE tasks SET created_at = now() - interval '9 seconds' WHERE id = $1`, [oldest]);

    const stats = await postgres.tasks.stats({ tenants: 'all', queue: 'q' });
    assert.deepEqual(stats.counts, { pending: 5, running: 1, completed: 1, failed: 1, blocked: 0, cancelled: 1 });
    assert.deepEqual(stats.waiting, { forDispatch: 1, untilTime: 1, forSlot: 1, toRetry: 1 });
    assert.deepEqual([stats.running, stats.oldestPendingTaskId], [1, oldest]);
    assert.ok(stats.oldestPendingAgeMs! >= 9_000 && stats.oldestPendingAgeMs! < 60_000);
    assert.ok(stats.longestSlotWaitMs! >= 5_000 && stats.longestSlotWaitMs! < 60_000);
    const throughput = { endedLastMinute: 1, endedLastHour: 2, completedLastHour: 1, failedLastHour: 1 };
    assert.deepEqual(stats.throughput, throughput);

    const all = await postgres.tasks.stats({ tenants: 'all' });
    assert.deepEqual([all.queue, all.counts.blocked, all.counts.pending], [null, 1, 5]);
    const nothing = await postgres.tasks.stats({ tenants: ['tenant-b'], queue: 'q' });
    assert.deepEqual([nothing.counts.pending, nothing.oldestPendingAgeMs, nothing.longestSlotWaitMs], [0, null, null]);
  });

  describe('what must be minded', () => {
    const inSession = async (activeTurn: { commandId: string; taken: boolean } | null, tenantId = 'tenant-a') => {
      const sessionId = `sess-${Math.random()}`;
      const runId = await openRun(postgres, { sessionRef: { sessionId }, tenantId });
      await postgres.runs.projectRun(runSnapshot(runId, { version: 2, status: 'running', activeTurn }));
      return attemptSnapshot({ runId, sessionId, state: 'completed', finishedAtMs: Date.now() });
    };
    const turn = { commandId: 'cmd_1', taken: true };

    it('is unread, in need of attention, or in a session that works; the most pressing first', async () => {
      const at = (id: string, state: TaskSnapshot['state'], given: Partial<TaskSnapshot> = {}, priority = 500) =>
        open({ title: id, priority }, { state, phase: 'ended', attempt: 1, ...given });
      await open({ title: 'pending' });
      const read = [
        await at('failed and read', 'failed', { failureKind: 'backend-failed' }),
        await at('blocked', 'blocked', { failureKind: 'runner-lost' }),
        await at('working', 'completed', { attempts: [await inSession(turn)] }),
        await at('between turns', 'completed', { attempts: [await inSession(null)] }),
      ];
      for (const id of read) await postgres.tasks.markRead(id, 'ann');
      await at('done', 'completed');
      await at('done, urgent', 'completed', {}, 900);
      await at('failed', 'failed', { failureKind: 'backend-failed' });
      await at('asks', 'blocked');
      const silent = await openRun(postgres);
      await postgres.runs.projectRun(
        runSnapshot(silent, {
          version: 2,
          status: 'claimed',
          claimedBy: 'r',
          grant: { runnerId: 'r', leaseMs: 60_000 },
        }),
      );
      await at('silent', 'running', { phase: 'running', attempts: [attemptSnapshot({ runId: silent })] });
      await endLease(database);

      const found = await postgres.tasks.listToMind({ tenants: 'all', readerId: 'ann', limit: 10 });
      assert.deepEqual(
        found.items.map(({ title }) => title),
        ['asks', 'failed', 'blocked', 'silent', 'done, urgent', 'done', 'working'],
      );
      assert.deepEqual([found.count, found.activeSessionCount, found.unreadCount, found.attentionCount], [7, 1, 4, 4]);
      const cut = await postgres.tasks.listToMind({ tenants: 'all', readerId: 'ann', limit: 2 });
      assert.deepEqual([cut.items.length, cut.count, cut.unreadCount], [2, 7, 4]);
    });

    it('is in need of attention by the same rules as in code', async () => {
      const taken = await inSession(turn);
      const idle = await inSession(null);
      const given: [Partial<TaskSnapshot>, Partial<AttentionFacts>][] = [
        [{ state: 'pending' }, {}],
        [{ state: 'running', attempts: [idle] }, {}],
        [{ state: 'running', attempts: [taken] }, { active: true }],
        ...TERMINAL_STATUSES.flatMap((state) =>
          [null, 'runner-lost' as const].flatMap((failureKind): typeof given => [
            [
              { state, failureKind },
              { terminalStatus: state, failureKind, unread: true },
            ],
            [
              { state, failureKind, attempts: [idle] },
              { terminalStatus: state, failureKind },
            ],
            [{ state, failureKind, attempts: [taken] }, { active: true }],
          ]),
        ),
      ];
      const expected = new Map<string, AttentionState>();
      for (const [snapshot, facts] of given) {
        const id = await open({}, { attempt: 1, ...snapshot });
        // Those that went to a session are read.
        if (snapshot.attempts) await postgres.tasks.markRead(id, 'ann');
        const quiet = { active: false, stalled: false, terminalStatus: null, failureKind: null, unread: false };
        expected.set(id, attentionState({ ...quiet, ...facts }));
      }
      const found = await postgres.tasks.listToMind({ tenants: 'all', readerId: 'ann', limit: 100 });
      const states = found.items.map(({ id }) => expected.get(id)!);
      assert.equal(states.length, [...expected.values()].filter((state) => state !== 'none').length);
      const sorted = [...states].sort((a, b) => BY_URGENCY.indexOf(a) - BY_URGENCY.indexOf(b));
      assert.deepEqual(states, sorted);
      assert.equal(found.attentionCount, states.filter((state) => NEEDS_ATTENTION.includes(state)).length);
    });

    it('is nothing of another tenant, nor of another queue', async () => {
      await open({ queue: 'q' }, { state: 'blocked', phase: 'ended' });
      const count = async (given: object) =>
        (await postgres.tasks.listToMind({ tenants: 'all', readerId: 'ann', limit: 10, ...given })).count;
      assert.deepEqual([await count({ queue: 'q' }), await count({ queue: 'other' })], [1, 0]);
      assert.equal(await count({ tenants: ['tenant-b'] }), 0);
    });
  });
});
