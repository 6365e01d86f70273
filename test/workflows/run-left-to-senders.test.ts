import { ApplicationFailure } from '@temporalio/common';
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { runnerJobId } from '../../src/domain/ids.js';
import type { RunSnapshot } from '../../src/domain/run-snapshot.js';
import * as messages from '../../workflows/run/messages.js';
import { gate, refusalOf, RunScenes, sayer, until, type Scene } from '../support/run-scenes.js';
import { POLICY } from '../unit/workflows/run-fixtures.js';

const COMPLETED = { status: 'completed', failureKind: null, message: null } as const;

describe('runWorkflow, where senders write what they are answered', function () {
  this.timeout(120_000);
  const scenes = new RunScenes();
  const play: RunScenes['play'] = async (...given) => scenes.play(...given);

  before(async () => scenes.load());
  beforeEach(async () => scenes.set());
  afterEach(async () => scenes.strike());

  it('answers with all that is not known to be written, and writes it once, should nobody have', async () => {
    await play({}, async ({ handle, records, runId }) => {
      const said = sayer(handle, runId);
      const looking = gate();
      records.onLook = looking.pass;
      const before = records.snapshots.length;
      const answers = await oneTurn(said);
      assert.equal(records.snapshots.length, before, 'nothing is written yet');
      const last = answers.at(-1);
      assert.deepEqual(
        [last?.commands.map(({ state }) => state), last?.grant?.runnerId, numbersOf([last!])],
        [['completed'], 'runner-1', [1, 2]],
      );
      looking.open();
      await until(() => records.snapshots.length > before);
      assert.equal(records.snapshots.length, before + 1);
      assert.equal(records.latest.version, last?.version);
      assert.equal(projections(await handle.fetchHistory()), 2, 'of the opening, and of all that came after');
      await said(messages.cancelRunUpdate, { reason: null });
    });
  });

  it('carries on what its senders wrote until it has seen that itself, and then no more', async () => {
    await play({}, async ({ handle, records, runId }) => {
      const said = sayer(handle, runId);
      const looking = gate();
      records.onLook = looking.pass;
      for (const snapshot of await oneTurn(said)) await records.projectRun(snapshot);
      looking.open();
      await untilLooked(handle);
      assert.equal(projections(await handle.fetchHistory()), 1, 'of the opening');
      const next = await said(messages.addCommandUpdate, { commandId: 'cmd_b', type: 'turn' });
      assert.deepEqual([next?.commands.map(({ id }) => id), next?.grant, next?.events], [['cmd_b'], null, []]);
      await said(messages.cancelRunUpdate, { reason: null });
    });
  });

  it('writes at once what it decided by itself, with what it had left', async () => {
    await play({}, async ({ handle, records, runId }) => {
      const said = sayer(handle, runId);
      await said(messages.addCommandUpdate, { commandId: 'cmd_a', type: 'turn' });
      await said(messages.claimRunUpdate, { runnerId: 'runner-1', leaseMs: 60_000 });
      records.leaseIsOver = true;
      await handle.signal(messages.leaseExpiredSignal, { runId, attempt: 1 });
      await until(() => records.latest.attempt === 2);
      assert.deepEqual([records.commands, records.latest.grant], [{ cmd_a: 'pending' }, null]);
      await said(messages.cancelRunUpdate, { reason: null });
    });
  });

  it('writes what was left where it cannot look', async () => {
    await play({}, async ({ handle, records, runId }) => {
      const said = sayer(handle, runId);
      records.onLook = () => {
        throw new Error('the database does not answer');
      };
      const left = await said(messages.addCommandUpdate, { commandId: 'cmd_a', type: 'turn' });
      await until(() => records.latest.version === left?.version);
      await said(messages.cancelRunUpdate, { reason: null });
    });
  });

  const LONG_BACKOFF = { ...POLICY, backoffMs: 60_000, maxBackoffMs: 60_000 };

  /** Its first attempt is lost, and a Job is asked for the second before the time to launch it has come. */
  async function askInTheBackoff({ handle, records, runId }: Scene): Promise<Said> {
    const said = sayer(handle, runId);
    await said(messages.addCommandUpdate, { commandId: 'cmd_a', type: 'turn' });
    await said(messages.requestRunnerJobUpdate, { attempt: 1, jobId: runnerJobId(runId, 1) });
    await until(() => records.launched.length === 1);
    await handle.signal(messages.runnerExitedSignal, { runId, attempt: 1, reason: 'killed', exitCode: 137 });
    await until(() => records.latest.attempt === 2);
    await said(messages.requestRunnerJobUpdate, { attempt: 2, jobId: runnerJobId(runId, 2) });
    return said;
  }

  it('ends the Job that was asked for, also where it was cancelled before it could launch it', async () => {
    await play({ policy: LONG_BACKOFF }, async (scene) => {
      const said = await askInTheBackoff(scene);
      await said(messages.cancelRunUpdate, { reason: null });
      const { records, runId, result } = scene;
      assert.equal((await result()).status, 'cancelled');
      assert.deepEqual([records.launched, records.stopped.at(-1)], [[1], runnerJobId(runId, 2)]);
    });
  });

  it('ends the Job that was asked for, where a runner came before it could launch it', async () => {
    await play({ policy: LONG_BACKOFF }, async (scene) => {
      const said = await askInTheBackoff(scene);
      await said(messages.claimRunUpdate, { runnerId: 'first', leaseMs: 60_000 });
      const { handle, records, runId } = scene;
      await until(() => records.stopped.includes(runnerJobId(runId, 2)));
      assert.deepEqual(records.launched, [1]);
      assert.equal((await handle.query(messages.runStateQuery)).claimedBy, 'first');
      await said(messages.finishRunUpdate, { outcome: COMPLETED });
    });
  });

  it('ends when its end is written', async () => {
    await play({}, async ({ handle, records, runId, result }) => {
      const said = sayer(handle, runId);
      await oneTurn(said);
      const ended = await said(messages.finishRunUpdate, { outcome: COMPLETED });
      assert.equal(ended?.terminalStatus, 'completed');
      await result();
      assert.equal(records.latest.terminalStatus, 'completed');
    });
  });

  it('answers a sender of an earlier release when all can be read, also what was left to others', async () => {
    await play({}, async ({ handle, records, runId, turn }) => {
      const said = sayer(handle, runId);
      await said(messages.addCommandUpdate, { commandId: 'cmd_a', type: 'turn' });
      await turn('cmd_b');
      assert.deepEqual(records.commands, { cmd_a: 'pending', cmd_b: 'pending' });
      await said(messages.cancelRunUpdate, { reason: null });
    });
  });

  it('answers with little, however much is said at once', async () => {
    await play({}, async ({ handle, records, runId, result }) => {
      const said = sayer(handle, runId);
      const most = { commands: 0 };
      for (let index = 0; index < 60; index += 1) {
        const snapshot = await said(messages.addCommandUpdate, { commandId: `cmd_${index}`, type: 'turn' });
        most.commands = Math.max(most.commands, snapshot?.commands.length ?? 0);
      }
      assert.ok(most.commands <= 21, `${most.commands} commands in an answer`);
      await said(messages.finishRunUpdate, { outcome: COMPLETED });
      await result();
      assert.equal(Object.keys(records.commands).length, 60);
      assert.deepEqual(new Set(Object.values(records.commands)), new Set(['cancelled']));
    });
  });

  it('carries what nobody wrote over continue-as-new', async () => {
    await play({ continueAsNewAtEvents: 40 }, async ({ handle, records, runId, result }) => {
      const said = sayer(handle, runId);
      await said(messages.claimRunUpdate, { runnerId: 'runner-1', leaseMs: 60_000 });
      const first = await handle.describe();
      for (let index = 0; index < 20; index += 1) await wholeTurn(said, `cmd_${index}`);
      assert.notEqual((await handle.describe()).runId, first.runId, 'it did continue as new');
      await said(messages.finishRunUpdate, { outcome: COMPLETED });
      await result();
      assert.equal(Object.keys(records.commands).length, 20);
      assert.deepEqual(new Set(Object.values(records.commands)), new Set(['completed']));
      const numbers = numbersOf(records.snapshots);
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => index + 1),
        'each of its own events once, in order',
      );
    });
  });

  it('writes for a sender that could not, and says which command nobody had written down', async () => {
    await play({}, async ({ handle, records, runId }) => {
      records.onProject = ({ commands }) => {
        if (!commands.some(({ id }) => id === 'cmd_ghost')) return;
        throw ApplicationFailure.nonRetryable('no such command', 'schema-invalid', { command: 'cmd_ghost' });
      };
      const said = sayer(handle, runId);
      await said(messages.addCommandUpdate, { commandId: 'cmd_ghost', type: 'turn' });
      await said(messages.addCommandUpdate, { commandId: 'cmd_a', type: 'turn' });
      const { forgotten } = await handle.executeUpdate(messages.writeDownUpdate, {
        args: [{ runId, commandIds: ['cmd_ghost', 'cmd_a'] }],
      });
      assert.deepEqual([forgotten, records.commands], [['cmd_ghost'], { cmd_a: 'pending' }]);
      await said(messages.cancelRunUpdate, { reason: null });
    });
  });

  it('knows what it has forgotten also after it continued as new', async () => {
    await play({ continueAsNewAtEvents: 40 }, async ({ handle, records, runId }) => {
      records.onProject = ({ commands }) => {
        if (!commands.some(({ id }) => id === 'cmd_ghost')) return;
        throw ApplicationFailure.nonRetryable('no such command', 'schema-invalid', { command: 'cmd_ghost' });
      };
      const said = sayer(handle, runId);
      await said(messages.addCommandUpdate, { commandId: 'cmd_ghost', type: 'turn' });
      await said(messages.claimRunUpdate, { runnerId: 'runner-1', leaseMs: 60_000 });
      await handle.executeUpdate(messages.writeDownUpdate, { args: [{ runId, commandIds: [] }] });
      const first = await handle.describe();
      for (let index = 0; index < 10; index += 1) await wholeTurn(said, `cmd_${index}`);
      assert.notEqual((await handle.describe()).runId, first.runId, 'it did continue as new');
      const { forgotten } = await handle.executeUpdate(messages.writeDownUpdate, {
        args: [{ runId, commandIds: ['cmd_ghost', 'cmd_0'] }],
      });
      assert.deepEqual(forgotten, ['cmd_ghost']);
      const unknown = (error: unknown) => refusalOf(error) === 'command-unknown';
      await assert.rejects(said(messages.ackCommandUpdate, { commandId: 'cmd_ghost' }), unknown);
      const finish = { commandId: 'cmd_ghost', outcome: COMPLETED };
      await assert.rejects(said(messages.finishCommandUpdate, finish), unknown);
      await said(messages.cancelRunUpdate, { reason: null });
    });
  });

  it('looks at once whether the run is its own, where that is a session’s', async () => {
    await play({ sessionId: 'talk' }, async ({ handle, records, runId }) => {
      await until(() => records.snapshots.length === 1);
      await sayer(handle, runId)(messages.cancelRunUpdate, { reason: null });
    });
  });

  it('sets few timers, whatever its messages move', async () => {
    await play({}, async ({ handle, records, runId, result }) => {
      const said = sayer(handle, runId);
      const looking = gate();
      records.onLook = looking.pass;
      await oneTurn(said);
      await said(messages.finishRunUpdate, { outcome: COMPLETED });
      await result().finally(() => looking.open());
      const { events } = await handle.fetchHistory();
      const timers = (events ?? []).filter(({ timerStartedEventAttributes: timer }) => timer);
      assert.ok(timers.length <= 2, `${timers.length} timers`);
    });
  });
});

type History = Awaited<ReturnType<Scene['handle']['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];
type Said = ReturnType<typeof sayer>;

async function oneTurn(said: Said): Promise<RunSnapshot[]> {
  const claimed = await said(messages.claimRunUpdate, { runnerId: 'runner-1', leaseMs: 60_000 });
  const snapshots = [claimed, ...(await wholeTurn(said, 'cmd_a'))];
  return snapshots.map((snapshot) => snapshot ?? assert.fail('there is nothing to write'));
}

async function wholeTurn(said: Said, commandId: string): Promise<(RunSnapshot | undefined)[]> {
  return [
    await said(messages.addCommandUpdate, { commandId, type: 'turn' }),
    await said(messages.ackCommandUpdate, { commandId }),
    await said(messages.finishCommandUpdate, { commandId, outcome: COMPLETED }),
  ];
}

function numbersOf(snapshots: readonly RunSnapshot[]): number[] {
  return snapshots.flatMap(({ events }) => events.map(({ number }) => number));
}

async function untilLooked(handle: Scene['handle']): Promise<void> {
  for (let looks = await looksOf(handle); looks.begun === 0 || looks.over < looks.begun; looks = await looksOf(handle))
    await delay(20);
}

async function looksOf(handle: Scene['handle']): Promise<{ begun: number; over: number }> {
  const events = (await handle.fetchHistory()).events ?? [];
  const begun = events
    .filter((event) => activityOf(event) === 'readWrittenVersion')
    .map(({ eventId }) => String(eventId));
  const ends = events.map((event) => event.activityTaskCompletedEventAttributes?.scheduledEventId);
  return { begun: begun.length, over: ends.filter((id) => id && begun.includes(String(id))).length };
}

function activityOf(event: HistoryEvent): string | null | undefined {
  return event.activityTaskScheduledEventAttributes?.activityType?.name;
}

function projections({ events }: History): number {
  return (events ?? []).filter((event) => activityOf(event) === 'projectRun').length;
}
