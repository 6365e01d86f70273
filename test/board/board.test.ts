import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { TaskSupervisor } from '../../src/contract/task.js';
import type { EventType } from '../../src/domain/event-types.js';
import { newId } from '../../src/domain/new-id.js';
import { queueCommander } from '../../src/operations/queues/commander.js';
import { listTasks } from '../../src/operations/tasks/list-tasks.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { countStatements } from '../support/count-statements.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { endLease } from '../support/end-lease.js';
import { commandDraft, commandSnapshot, openRun, runSnapshot } from '../support/runs.js';
import { attemptSnapshot, openTask, taskSnapshot } from '../support/tasks.js';

const everyone = { kind: 'operator', name: 'ann', tenants: 'all' } as const;

describe('a board of tasks', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
    await postgres.leases.beat(60_000);
  });

  beforeEach(async () => {
    await database.query('TRUNCATE tasks, queues, runs, sessions, run_events CASCADE');
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  const list = (context: Pick<Postgres, 'tasks' | 'board'> = postgres) =>
    listTasks(context, { tenants: 'all', updatedAfterMs: 0, readerId: 'ann', limit: 500 });
  const only = async () => {
    const { items } = await list();
    assert.equal(items.length, 1);
    return items[0]!;
  };
  const supervisorOf = async () => (await only()).supervisor as TaskSupervisor;

  /** A run that a runner works on, in a session where one is named: its turn is taken. */
  const working = async (sessionId?: string) => {
    const runId = await openRun(postgres, sessionId === undefined ? {} : { sessionRef: { sessionId } });
    const { id: commandId } = await postgres.runs.draftCommand(commandDraft(runId));
    const taken = { state: 'acknowledged' as const, attempt: 1, acknowledgedAtMs: Date.now() - 2_000 };
    await postgres.runs.projectRun(
      runSnapshot(runId, {
        version: 2,
        status: 'running',
        claimedBy: 'rnr_1',
        grant: { runnerId: 'rnr_1', leaseMs: 60_000 },
        lastCommandSeq: 1,
        activeTurn: { commandId, taken: true },
        commands: [commandSnapshot(commandId, taken)],
      }),
    );
    return { runId, commandId };
  };
  const running = (work: { runId: string; commandId: string }, sessionId: string | null = null) =>
    openTask(
      postgres,
      {},
      { state: 'running', phase: 'running', attempt: 1, attempts: [attemptSnapshot({ ...work, sessionId })] },
    );
  const append = (runId: string, type: EventType, payload: Record<string, unknown>) =>
    postgres.events.append({ runId, fence: null, producer: 'p', events: [{ type, payload }] });
  const endTurn = (runId: string, commandId: string, given: object = {}) =>
    postgres.runs.projectRun(
      runSnapshot(runId, {
        version: 3,
        status: 'running',
        claimedBy: 'rnr_1',
        lastCommandSeq: 1,
        activeTurn: null,
        commands: [commandSnapshot(commandId, { state: 'completed', attempt: 1, finishedAtMs: Date.now(), ...given })],
      }),
    );

  it('says nothing of the work on a task that has none', async () => {
    await openTask(postgres);
    const { active, attentionState, activeSession, supervisor } = await only();
    assert.deepEqual([active, attentionState, activeSession, supervisor], [false, 'none', null, null]);
  });

  it('says how the newest attempt stands', async () => {
    const work = await working();
    const taskId = await running(work);
    await append(work.runId, 'tool_call', {
      commandId: work.commandId,
      itemId: 'i1',
      toolName: 'shell',
      status: 'running',
    });
    const task = await only();
    const supervisor = task.supervisor as TaskSupervisor;
    assert.deepEqual([task.id, task.active, task.attentionState], [taskId, true, 'none']);
    assert.deepEqual(
      [supervisor.source, supervisor.runId, supervisor.commandId, supervisor.attemptRunId, supervisor.attemptCommandId],
      ['latest-attempt', work.runId, work.commandId, work.runId, work.commandId],
    );
    assert.deepEqual([supervisor.phase, supervisor.active, supervisor.status], ['tool-running', true, 'running']);
    assert.deepEqual(
      [supervisor.executionState, supervisor.activeRunId, supervisor.activeCommandId],
      ['running', work.runId, work.commandId],
    );
    assert.deepEqual([supervisor.lastSeq, supervisor.lastActivity?.toolName], [1, 'shell']);
    assert.equal(supervisor.timeoutBudget?.state, 'within-budget');
    assert.deepEqual([supervisor.lease?.claimedBy, supervisor.leaseExpired], ['rnr_1', false]);
    assert.ok(supervisor.leaseRemainingMs! > 0 && supervisor.recoveryActions.length > 0);
    assert.match(supervisor.diagnosis!, /rnr_1 has worked on the turn/);
  });

  it('says how the command of the newest attempt ended, whatever its run does since', async () => {
    const work = await working();
    await running(work);
    await append(work.runId, 'error', {
      commandId: work.commandId,
      message: 'no such model',
      failureKind: 'provider-unavailable',
    });
    await endTurn(work.runId, work.commandId, { state: 'failed', failureKind: 'provider-unavailable' });
    for (let n = 0; n < 60; n++) await append(work.runId, 'reasoning', { commandId: newId('cmd'), text: `${n}` });
    const supervisor = await supervisorOf();
    assert.deepEqual([supervisor.terminalStatus, supervisor.failureKind], ['failed', 'provider-unavailable']);
    assert.equal(supervisor.terminalClassification?.providerEvidence, true);
    assert.deepEqual([supervisor.phase, supervisor.active], ['idle', false]);
  });

  it('shows a session while it works, also on something else, and not between its turns', async () => {
    const sessionId = newId('sess');
    const work = await working(sessionId);
    const taskId = await running(work, sessionId);
    const first = await only();
    assert.deepEqual([first.active, first.attentionState], [true, 'active-session']);
    assert.deepEqual(
      [first.activeSession?.sessionId, first.activeSession?.executionState, first.activeSession?.activeCommandId],
      [sessionId, 'running', work.commandId],
    );
    assert.equal((first.supervisor as TaskSupervisor).source, 'active-session');
    assert.deepEqual((first.supervisor as TaskSupervisor).activeSession, first.activeSession);

    await endTurn(work.runId, work.commandId);
    const over = attemptSnapshot({ ...work, sessionId, state: 'completed', finishedAtMs: Date.now() });
    const ended = { version: 5, state: 'completed', phase: 'ended', attempt: 1, attempts: [over] } as const;
    await postgres.tasks.project(taskSnapshot(taskId, ended));
    await postgres.tasks.markRead(taskId, 'ann');
    const idle = await only();
    assert.deepEqual([idle.active, idle.attentionState, idle.activeSession], [false, 'none', null]);
    const supervisor = idle.supervisor as TaskSupervisor;
    assert.deepEqual([supervisor.source, supervisor.executionState], ['latest-attempt', 'idle']);
    assert.deepEqual([supervisor.terminalStatus, supervisor.commandId], ['completed', work.commandId]);

    const { id: other } = await postgres.runs.draftCommand(commandDraft(work.runId));
    await postgres.runs.projectRun(
      runSnapshot(work.runId, {
        version: 4,
        status: 'running',
        claimedBy: 'rnr_1',
        lastCommandSeq: 2,
        activeTurn: { commandId: other, taken: false },
        commands: [commandSnapshot(other, { seq: 2 })],
      }),
    );
    const again = await only();
    assert.deepEqual([again.active, again.attentionState], [true, 'active-session']);
    assert.equal((again.supervisor as TaskSupervisor).source, 'active-session');
    assert.equal((again.supervisor as TaskSupervisor).attemptCommandId, work.commandId);
    const commander = await queueCommander(postgres, everyone, { readerId: 'ann', limit: 10 });
    assert.deepEqual([commander.items[0]?.id, commander.activeSessionCount, commander.unreadCount], [taskId, 1, 0]);
  });

  it('shows no session of another tenant, whatever its id', async () => {
    const sessionId = newId('sess');
    const work = await working(sessionId);
    await running(work, sessionId);
    await database.query(`UPDATE sessions SET tenant_id = 'tenant-b'`);
    const { activeSession, attentionState } = await only();
    assert.deepEqual([activeSession, attentionState], [null, 'none']);
    assert.equal((await queueCommander(postgres, everyone, { readerId: 'ann', limit: 10 })).count, 0);
  });

  it('calls a task stalled whose runner is silent past its lease', async () => {
    await running(await working());
    await endLease(database);
    const task = await only();
    assert.equal(task.attentionState, 'stalled');
    assert.equal((task.supervisor as TaskSupervisor).leaseExpired, true);
    assert.equal((await queueCommander(postgres, everyone, { readerId: 'ann', limit: 10 })).items[0]?.id, task.id);
  });

  it('tells an attempt that could not be started', async () => {
    const failed = attemptSnapshot({
      state: 'failed',
      failureKind: 'infra-failed',
      failureMessage: { text: 'no room' },
      finishedAtMs: Date.now(),
    });
    await openTask(postgres, {}, { phase: 'waiting-to-retry', attempt: 1, attempts: [failed] });
    const { source, runId, phase, diagnosis, terminalStatus } = await supervisorOf();
    assert.deepEqual(
      [source, runId, phase, diagnosis, terminalStatus],
      ['latest-attempt', null, null, 'no room', 'failed'],
    );
  });

  it('leaves out what very large events say, and tells of those before them', async () => {
    const work = await working();
    await running(work);
    const { commandId } = work;
    await append(work.runId, 'assistant_message', { commandId, text: 'small' });
    await append(work.runId, 'assistant_message', { commandId, text: 'x'.repeat(200_000) });
    const { lastActivity, lastSeq } = await supervisorOf();
    assert.deepEqual(
      [lastSeq, lastActivity?.sourceSeq, lastActivity?.type, lastActivity?.summary],
      [2, 2, 'assistant_message', 'assistant_message'],
    );
    const random = Array.from({ length: 9_000 }, () => Math.random().toString(36)).join('');
    await append(work.runId, 'command_output', { commandId, text: random });
    assert.equal((await supervisorOf()).lastActivity?.summary, 'command_output');
  });

  it('answers the tasks all the same when how they stand cannot be read', async () => {
    const sessionId = newId('sess');
    await running(await working(sessionId), sessionId);
    await openTask(postgres);
    const broken = async () => Promise.reject(new Error('broken'));
    const unavailable = {
      phase: 'unavailable',
      failureKind: 'infra-failed',
      message: 'how the work on the task stands could not be read; try again',
    };
    for (const part of ['sessions', 'runs', 'commands', 'newestEvents', 'standings', 'currentJobs'] as const) {
      const { items } = await list({ ...postgres, board: { ...postgres.board, [part]: broken } });
      assert.deepEqual(
        items.map(({ supervisor }) => supervisor),
        [null, unavailable],
        part,
      );
    }
  });

  it('costs the same few statements however many tasks there are', async function () {
    this.timeout(120_000);
    const fill = async (count: number) => {
      const makeOne = async (n: number) => {
        const sessionId = n % 2 === 0 ? newId('sess') : undefined;
        const work = await working(sessionId);
        await running(work, sessionId ?? null);
        await append(work.runId, 'reasoning', { commandId: work.commandId, text: 'thinking' });
      };
      for (let n = 0; n < count; n += 10) {
        await Promise.all(Array.from({ length: 10 }, (_, index) => makeOne(n + index)));
      }
    };
    const counts: number[] = [];
    for (const count of [10, 490]) {
      await fill(count);
      counts.push(
        await countStatements(async () => assert.ok((await list()).items.every(({ supervisor }) => supervisor))),
        await countStatements(async () => {
          const { items } = await queueCommander(postgres, everyone, { readerId: 'ann', limit: 500 });
          assert.ok(items.length > 0);
        }),
      );
    }
    assert.deepEqual(counts, [8, 9, 8, 9]);
  });
});
