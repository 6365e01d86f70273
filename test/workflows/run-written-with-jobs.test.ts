import { ApplicationFailure } from '@temporalio/common';
import assert from 'node:assert/strict';
import type { Carried } from '../../activities/carried.js';
import { runnerIdOfJob, runnerJobId } from '../../src/domain/ids.js';
import type { RunSnapshot } from '../../src/domain/run-snapshot.js';
import * as messages from '../../workflows/run/messages.js';
import { gate, RunScenes, sayer, until, type Scene } from '../support/run-scenes.js';
import { POLICY } from '../unit/workflows/run-fixtures.js';
import type { ScriptedActivities } from '../support/scripted-activities.js';

const COMPLETED = { status: 'completed', failureKind: null, message: null } as const;
const OPENING = { turn: { commandId: 'cmd_a' }, runnerJob: true };

describe('runWorkflow, where what it decides is written along with work on its Jobs', function () {
  this.timeout(120_000);
  const scenes = new RunScenes();
  const play: RunScenes['play'] = async (...given) => scenes.play(...given);

  before(async () => scenes.load());
  beforeEach(async () => scenes.set());
  afterEach(async () => scenes.strike());

  it('writes by no other activity in a turn whose senders write', async () => {
    await play({}, async (scene) => {
      const { handle, records, runId, result } = scene;
      const looking = gate();
      records.onLook = looking.pass;
      const say = sayer(scene.handle, scene.runId);
      await say(messages.addCommandUpdate, { commandId: 'cmd_a', type: 'turn' });
      const asked = await say(messages.requestRunnerJobUpdate, { attempt: 1, jobId: runnerJobId(runId, 1) });
      await until(() => records.launched.length === 1);
      assert.equal(records.latest.version, asked?.version, 'written with its Job');
      await say(messages.claimRunUpdate, { runnerId: runnerIdOfJob(runnerJobId(runId, 1)), leaseMs: 60_000 });
      await say(messages.ackCommandUpdate, { commandId: 'cmd_a' });
      await say(messages.finishCommandUpdate, { commandId: 'cmd_a', outcome: COMPLETED });
      await say(messages.finishRunUpdate, { outcome: COMPLETED });
      await result().finally(() => looking.open());
      assert.deepEqual([records.latest.terminalStatus, records.stopped], ['completed', [runnerJobId(runId, 1)]]);
      assert.deepEqual(await works(handle), ['projectRun', 'launchRunnerJob', 'stopRunnerJob']);
    });
  });

  for (const sessionId of [null, 'over'])
    it(`makes no Job for a run that is another execution’s, ${sessionId === null ? 'alone' : 'in a session'}`, async () => {
      await play(
        { sessionId, opening: OPENING },
        async ({ records, result }) => {
          await result();
          assert.deepEqual(records.launched, []);
        },
        (records) => (records.isForeign = true),
        // With an update to answer it would call its launch off before it ends. Where that launch is over just then, the time-skipping server
        // refuses the whole workflow task (ACTIVITY_UNKNOWN) and lets it hang; a real one takes it.
        { isToldToOpen: false },
      );
    });

  it('makes it when the records are there again, where they were away', async () => {
    let tries = 0;
    await play(
      { opening: OPENING },
      async ({ handle, records, runId }) => {
        await until(
          () => records.launched.length === 1,
          async () => scenes.environment.sleep(1_000),
        );
        assert.deepEqual(records.commands, { cmd_a: 'pending' });
        await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
      },
      (records) =>
        (records.onProject = () => {
          tries += 1;
          if (tries < 4) throw new Error('the database does not answer');
        }),
    );
  });

  it('writes that an attempt was lost along with the stop of its Job', async () => {
    await play({ policy: { ...POLICY, backoffMs: 1 } }, async (scene) => {
      const { handle, records, runId, result } = scene;
      const looking = gate();
      records.onLook = looking.pass;
      const say = sayer(scene.handle, scene.runId);
      await say(messages.addCommandUpdate, { commandId: 'cmd_a', type: 'turn' });
      await say(messages.requestRunnerJobUpdate, { attempt: 1, jobId: runnerJobId(runId, 1) });
      await until(() => records.launched.length === 1);
      await say(messages.claimRunUpdate, { runnerId: runnerIdOfJob(runnerJobId(runId, 1)), leaseMs: 60_000 });
      await handle.signal(messages.runnerExitedSignal, { runId, attempt: 1, reason: 'killed', exitCode: 137 });
      await until(() => records.launched.length === 2);
      assert.equal(records.latest.attempt, 2);
      await say(messages.finishRunUpdate, { outcome: COMPLETED });
      await result().finally(() => looking.open());
      const lost = ['revokeLease', 'stopRunnerJob', 'launchRunnerJob'];
      // What follows depends on whether that launch is seen to be over before the run is.
      assert.deepEqual((await works(handle)).slice(0, 5), ['projectRun', 'launchRunnerJob', ...lost]);
      assert.deepEqual(records.stopped, [runnerJobId(runId, 1), runnerJobId(runId, 2)]);
    });
  });

  it('does not fill its history while what carries it waits for the records', async () => {
    let tries = 0;
    const away = () => {
      if (tries < 6) throw new Error('the database does not answer');
    };
    await play(
      { opening: OPENING },
      async ({ handle, records, runId }) => {
        await until(
          () => records.launched.length === 1,
          async () => scenes.environment.sleep(10_000),
        );
        // A history that was filled is gone on from as a new one.
        const { client } = scenes.environment;
        const first = client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
        const { events } = await first.fetchHistory();
        assert.ok(events!.length < 40, `${events?.length} events`);
        await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
      },
      (records) => {
        records.onLook = away;
        records.onProject = () => {
          tries += 1;
          away();
        };
      },
    );
  });

  it('goes on without a command that nobody wrote down, and makes the Job all the same', async () => {
    await play({}, async (scene) => {
      const { handle, records, runId } = scene;
      records.onProject = refuseGhost;
      const say = sayer(scene.handle, scene.runId);
      await say(messages.addCommandUpdate, { commandId: 'cmd_ghost', type: 'turn' });
      await say(messages.addCommandUpdate, { commandId: 'cmd_a', type: 'turn' });
      await say(messages.requestRunnerJobUpdate, { attempt: 1, jobId: runnerJobId(runId, 1) });
      await until(() => records.launched.length === 1);
      assert.deepEqual(records.commands, { cmd_a: 'pending' });
      const { openCommands } = await handle.query(messages.runStateQuery);
      assert.deepEqual(
        openCommands.map(({ id }) => id),
        ['cmd_a'],
      );
      await say(messages.addCommandUpdate, { commandId: 'cmd_ghost', type: 'turn' });
      await say(messages.cancelRunUpdate, { reason: null });
      await scene.result();
      assert.deepEqual([records.latest.terminalStatus, records.stopped], ['cancelled', [runnerJobId(runId, 1)]]);
      assert.deepEqual(records.commands, { cmd_a: 'cancelled' });
    });
  });

  it('writes by itself what a worker of an earlier release left out', async () => {
    await play(
      { opening: OPENING },
      async (scene) => {
        const { records, result } = scene;
        const say = sayer(scene.handle, scene.runId);
        const claimed = await say(messages.claimRunUpdate, { runnerId: 'first', leaseMs: 60_000 });
        await until(() => records.latest.version >= (claimed?.version ?? Infinity));
        await say(messages.finishRunUpdate, { outcome: COMPLETED });
        await result();
        assert.deepEqual([records.launched, records.latest.terminalStatus], [[1], 'completed']);
      },
      forgetful,
    );
  });

  for (const [how, prepare] of [
    ['along with the Job’s stop', () => undefined],
    ['by itself, where its worker is of an earlier release', forgetful],
  ] as const)
    it(`tells the task of the end of its command ${how}`, async () => {
      const opening = { turn: { commandId: 'cmd_a', taskId: 'task_1' }, runnerJob: true };
      await play(
        { opening, endsWithTurn: true },
        async (scene) => {
          const { handle, records, result } = scene;
          const looking = gate();
          records.onLook = looking.pass;
          await until(() => records.launched.length === 1);
          const say = sayer(scene.handle, scene.runId);
          await say(messages.claimRunUpdate, { runnerId: 'first', leaseMs: 60_000 });
          await say(messages.ackCommandUpdate, { commandId: 'cmd_a' });
          await say(messages.finishCommandUpdate, { commandId: 'cmd_a', outcome: COMPLETED });
          await result().finally(() => looking.open());
          assert.equal(records.latest.terminalStatus, 'completed');
          const { events = [] } = await handle.fetchHistory();
          const signals =
            events?.filter((event) => event.signalExternalWorkflowExecutionInitiatedEventAttributes) ?? [];
          assert.deepEqual([records.told, signals.length], prepare === forgetful ? [[], 1] : [['cmd_a'], 0]);
        },
        prepare,
      );
    });

  it('ends the Job that is being made when it is cancelled', async () => {
    const launching = gate();
    await play(
      { opening: OPENING },
      async ({ handle, records, runId, result }) => {
        await until(() => launching.reached);
        await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
        assert.equal(records.latest.terminalStatus, 'cancelled', 'its end is not kept waiting');
        launching.open();
        await result();
        assert.deepEqual([records.launched, records.stopped], [[1], [runnerJobId(runId, 1)]]);
      },
      (records) => (records.onLaunch = launching.pass),
    );
  });
});

function refuseGhost({ commands }: RunSnapshot): void {
  if (!commands.some(({ id }) => id === 'cmd_ghost')) return;
  throw ApplicationFailure.nonRetryable('no such command', 'schema-invalid', { command: 'cmd_ghost' });
}

const NOTHING = undefined as unknown as Carried;

/** Makes and stops Jobs, and does not know that something went along. */
function forgetful(records: ScriptedActivities): void {
  records.launchRunnerJob = async ({ attempt }) => {
    records.launched.push(attempt);
    return NOTHING;
  };
  records.stopRunnerJob = async ({ jobId }) => {
    records.stopped.push(jobId);
    return NOTHING;
  };
}

/** Its activities, but for looks: how many of those there are the time decides. */
async function works(handle: Scene['handle']): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  const all = (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
  return all.filter((name) => name !== 'readWrittenVersion');
}
