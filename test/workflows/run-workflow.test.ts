import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runnerIdOfJob, runnerJobId } from '../../src/domain/ids.js';
import type { RunInput } from '../../src/domain/run-messages.js';
import * as messages from '../../workflows/run/messages.js';
import type { runWorkflow } from '../../workflows/run/workflow.js';
import { ScriptedActivities } from '../support/scripted-activities.js';
import { quietRuntime } from '../support/quiet-runtime.js';
import { startTimeSkipping } from '../support/time-skipping.js';
import { runInput } from '../unit/workflows/run-fixtures.js';

const COMPLETED = { status: 'completed', failureKind: null, message: null } as const;
const CANCELLED = { status: 'cancelled', failureKind: 'cancelled', message: null } as const;

describe('runWorkflow', function () {
  this.timeout(120_000);
  let environment: TestWorkflowEnvironment;
  let workflowBundle: WorkflowBundleWithSourceMap;
  let numbered = 0;

  before(async () => {
    quietRuntime();
    const workflowsPath = fileURLToPath(new URL('../../workflows/index.js', import.meta.url));
    workflowBundle = await bundleWorkflowCode({ workflowsPath });
  });
  // A server each: an update that is refused leaves time locked in this one for good.
  beforeEach(async () => {
    environment = await startTimeSkipping();
  });
  afterEach(async () => environment.teardown());

  interface Scene {
    readonly handle: WorkflowHandle<typeof runWorkflow>;
    readonly records: ScriptedActivities;
    readonly runId: string;
    readonly result: () => ReturnType<WorkflowHandle<typeof runWorkflow>['result']>;
    readonly claim: (runnerId: string) => Promise<{ attempt: number }>;
    readonly turn: (commandId: string) => Promise<void>;
    readonly ack: (commandId: string) => Promise<void>;
  }

  /** Opens a run and plays a scene with it. */
  async function play(overrides: Partial<RunInput>, scene: (scene: Scene) => Promise<void>): Promise<void> {
    const runId = `run_${String((numbered += 1)).padStart(20, '0')}`;
    const input = runInput({ ...overrides, runId });
    const records = new ScriptedActivities();
    const taskQueue = `run-workflow-${numbered}`;
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      workflowBundle,
      activities: Object.assign({}, records),
    });
    await worker.runUntil(async () => {
      // Not by Update-with-Start, as the gateway does it: in this server that leaves time locked for good.
      const handle = await environment.client.workflow.start<typeof runWorkflow>('runWorkflow', {
        workflowId: `run:${runId}`,
        taskQueue,
        args: [input],
      });
      await handle.executeUpdate(messages.openRunUpdate, { args: [{ runId }] });
      await scene({
        handle,
        records,
        runId,
        result: async () => handle.result(),
        claim: async (runnerId) =>
          handle.executeUpdate(messages.claimRunUpdate, { args: [{ runId, runnerId, leaseMs: 60_000 }] }),
        turn: async (commandId) => {
          await handle.executeUpdate(messages.addCommandUpdate, { args: [{ runId, commandId, type: 'turn' }] });
        },
        ack: async (commandId) => handle.executeUpdate(messages.ackCommandUpdate, { args: [{ runId, commandId }] }),
      });
    });
  }

  it('lives one turn and ends by its runner', async () => {
    await play({}, async ({ handle, records, runId, claim, turn, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      await handle.executeUpdate(messages.finishCommandUpdate, {
        args: [{ runId, commandId: 'cmd_a', outcome: COMPLETED, attempt: 1 }],
      });
      await handle.executeUpdate(messages.finishRunUpdate, {
        args: [{ runId, outcome: COMPLETED, attempt: 1, lastCommandSeq: 1 }],
      });
      assert.deepEqual(await result(), { status: 'completed', attempt: 1 });
      assert.equal(records.latest.status, 'completed');
      assert.deepEqual(records.commands, { cmd_a: 'completed' });
    });
  });

  it('gives the run to exactly one of twenty runners that claim at once', async () => {
    await play({}, async ({ handle, claim, runId }) => {
      const runners = Array.from({ length: 20 }, (_, index) => `runner-${index}`);
      const claims = await Promise.allSettled(runners.map(claim));
      assert.equal(claims.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const refused of claims.filter((settled) => settled.status === 'rejected')) {
        assert.equal(refusalOf(refused.reason), 'held-by-another-runner');
      }
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
    });
  });

  it('launches a Job for each attempt, stops the lost one first, and waits longer each time', async () => {
    await play({}, async ({ handle, records, runId, claim, turn, result }) => {
      await turn('cmd_a');
      await handle.executeUpdate(messages.requestRunnerJobUpdate, {
        args: [{ runId, attempt: 1, jobId: runnerJobId(runId, 1) }],
      });
      await until(() => records.launched.length === 1);
      await claim(runnerIdOfJob(runnerJobId(runId, 1)));
      await handle.signal(messages.runnerExitedSignal, { runId, attempt: 1, reason: 'killed', exitCode: 137 });
      await until(
        () => records.launched.length === 2,
        async () => environment.sleep(200),
      );
      assert.deepEqual(records.stopped, [runnerJobId(runId, 1)]);
      // Nobody claims attempts 2 and 3: each ends at its start deadline.
      assert.deepEqual(await result(), { status: 'failed', attempt: 3 });
      assert.deepEqual(records.launched, [1, 2, 3]);
      assert.equal(records.latest.failureKind, 'runner-start-failed');
      assert.deepEqual(records.commands, { cmd_a: 'failed' });
    });
  });

  it('believes a lost lease only when the database does', async () => {
    await play({}, async ({ handle, records, runId, claim }) => {
      await claim('runner-1');
      await handle.signal(messages.leaseExpiredSignal, { runId, attempt: 1 });
      assert.equal((await handle.query(messages.runStateQuery)).attempt, 1);
      records.leaseIsOver = true;
      assert.deepEqual(await claim('runner-2'), { attempt: 2 }, 'another runner takes over at once');
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
    });
  });

  it('ends a turn whose runner lets it pass its limit, and the attempt with it', async () => {
    await play({ endsWithTurn: true }, async ({ records, turn, claim, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      records.silentMs = 0;
      await result();
      assert.equal(records.latest.failureKind, 'hard-timeout');
      assert.equal(records.latest.terminalStatus, 'failed');
    });
  });

  it('ends a turn that is silent for too long though its runner heartbeats', async () => {
    await play({ endsWithTurn: true }, async ({ records, turn, claim, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      await result();
      assert.equal(records.latest.failureKind, 'idle-timeout');
    });
  });

  it('stops a runner that ignores a cancel, by force, after its grace', async () => {
    await play({}, async ({ handle, records, runId, turn, claim, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: { noteId: 'note_1' } }] });
      assert.equal(records.latest.cancelRequestedAtMs !== null, true);
      assert.equal((await result()).status, 'cancelled');
      assert.deepEqual(records.latest.failureMessage, { noteId: 'note_1' });
    });
  });

  it('takes a cancel in Temporal for a cancel of the run', async () => {
    await play({}, async ({ handle, records, turn, claim, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      await handle.cancel();
      assert.deepEqual(await result(), { status: 'cancelled', attempt: 1 });
      assert.deepEqual(records.latest.failureMessage, { text: 'Cancelled in Temporal.' });
      assert.deepEqual(records.commands, { cmd_a: 'cancelled' });
    });
  });

  it('writes what its runner says after a cancel in Temporal', async () => {
    await play({}, async ({ handle, records, runId, turn, claim, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      await handle.cancel();
      await until(() => records.latest.cancelRequestedAtMs !== null);
      await handle.executeUpdate(messages.finishCommandUpdate, {
        args: [{ runId, commandId: 'cmd_a', outcome: COMPLETED, attempt: 1 }],
      });
      assert.deepEqual(records.commands, { cmd_a: 'completed' });
      await handle.executeUpdate(messages.finishRunUpdate, { args: [{ runId, outcome: CANCELLED, attempt: 1 }] });
      assert.equal((await result()).status, 'cancelled');
    });
  });

  it('writes what was being written when it was cancelled in Temporal', async () => {
    await play({}, async ({ handle, records, runId, turn, claim, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      const writing = gate();
      records.onProject = async ({ commands }) => {
        if (commands.some(({ state }) => state === 'completed') && !writing.reached) await writing.pass();
      };
      const finishing = handle.executeUpdate(messages.finishCommandUpdate, {
        args: [{ runId, commandId: 'cmd_a', outcome: COMPLETED, attempt: 1 }],
      });
      await until(() => writing.reached);
      await handle.cancel();
      // Nothing comes of the first try.
      await finishing.finally(() => writing.fail());
      assert.deepEqual(records.commands, { cmd_a: 'completed' });
      await handle.executeUpdate(messages.finishRunUpdate, { args: [{ runId, outcome: CANCELLED, attempt: 1 }] });
      assert.equal((await result()).status, 'cancelled');
    });
  });

  it('goes on without a command that nobody wrote down, and loses nothing of what came with it', async () => {
    await play({}, async ({ handle, records, runId, claim, turn, result }) => {
      records.onProject = ({ commands }) => {
        if (!commands.some(({ id }) => id === 'cmd_ghost')) return;
        throw ApplicationFailure.nonRetryable('command cmd_ghost does not exist', 'schema-invalid', {
          command: 'cmd_ghost',
        });
      };
      await claim('runner-1');
      const adding = ['cmd_a', 'cmd_ghost', 'cmd_b'].map(turn);
      const [a, ghost, b] = await Promise.allSettled(adding);
      assert.deepEqual([a?.status, b?.status], ['fulfilled', 'fulfilled']);
      assert.equal(ghost?.status === 'rejected' && refusalOf(ghost.reason), 'command-unknown');
      assert.deepEqual(records.commands, { cmd_a: 'pending', cmd_b: 'pending' });
      const { openCommands } = await handle.query(messages.runStateQuery);
      assert.deepEqual(new Set(openCommands.map(({ id }) => id)), new Set(['cmd_a', 'cmd_b']));
      await handle.executeUpdate(messages.finishRunUpdate, { args: [{ runId, outcome: COMPLETED }] });
      assert.equal((await result()).status, 'completed');
    });
  });

  it('ends a run nobody ever claims', async () => {
    await play({}, async ({ records, result }) => {
      assert.equal((await result()).status, 'failed');
      assert.equal(records.latest.failureKind, 'runner-start-failed');
    });
  });

  it('carries everything over continue-as-new, and loses no message on the way', async () => {
    await play({ continueAsNewAtEvents: 40 }, async ({ handle, records, runId, claim, turn, ack, result }) => {
      await claim('runner-1');
      const first = await handle.describe();
      for (let index = 0; index < 30; index += 1) {
        await turn(`cmd_${index}`);
        await ack(`cmd_${index}`);
        await handle.executeUpdate(messages.finishCommandUpdate, {
          args: [{ runId, commandId: `cmd_${index}`, outcome: COMPLETED, runnerId: 'runner-1' }],
        });
      }
      assert.notEqual((await handle.describe()).runId, first.runId, 'it did continue as new');
      await handle.executeUpdate(messages.finishRunUpdate, {
        args: [{ runId, outcome: COMPLETED, runnerId: 'runner-1', lastCommandSeq: 30 }],
      });
      assert.equal((await result()).status, 'completed');
      assert.equal(records.latest.lastCommandSeq, 30);
      assert.deepEqual(new Set(Object.values(records.commands)), new Set(['completed']));
      const numbers = records.snapshots.flatMap(({ events }) => events.map(({ number }) => number));
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => index + 1),
        'each of its own events once, in order',
      );
    });
  });

  it('has the turn it is opened with from its first snapshot on, once, also over continue-as-new', async () => {
    const opening = { turn: { commandId: 'cmd_first' }, runnerJob: true };
    await play({ opening, continueAsNewAtEvents: 40 }, async ({ handle, records, runId, claim, turn, ack, result }) => {
      assert.deepEqual(
        records.snapshots[0]?.commands.map(({ id }) => id),
        ['cmd_first'],
      );
      await until(() => records.launched.length === 1);
      const runnerId = runnerIdOfJob(runnerJobId(runId, 1));
      await claim(runnerId);
      const first = await handle.describe();
      for (const commandId of ['cmd_first', ...Array.from({ length: 20 }, (_, index) => `cmd_${index}`)]) {
        if (commandId !== 'cmd_first') await turn(commandId);
        await ack(commandId);
        await handle.executeUpdate(messages.finishCommandUpdate, {
          args: [{ runId, commandId, outcome: COMPLETED, runnerId }],
        });
      }
      assert.notEqual((await handle.describe()).runId, first.runId, 'it did continue as new');
      await handle.executeUpdate(messages.openRunUpdate, { args: [{ runId }] });
      await handle.executeUpdate(messages.finishRunUpdate, {
        args: [{ runId, outcome: COMPLETED, runnerId, lastCommandSeq: 21 }],
      });
      assert.equal((await result()).status, 'completed');
      assert.equal(records.latest.lastCommandSeq, 21);
      assert.deepEqual(records.launched, [1]);
    });
  });

  it('refuses a message for another run of the session, and leaves the live one alone', async () => {
    await play({}, async ({ handle, records, runId }) => {
      const foreign = handle.executeUpdate(messages.cancelRunUpdate, {
        args: [{ runId: 'run_another00000000', reason: null }],
      });
      await assert.rejects(foreign, (error) => refusalOf(error) === 'run-not-here');
      assert.equal(records.latest.status, 'pending');
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
    });
  });

  it('costs few history events for a one-turn run', async () => {
    await play({}, async ({ handle, records, runId, claim, turn, ack, result }) => {
      await turn('cmd_a');
      await handle.executeUpdate(messages.requestRunnerJobUpdate, {
        args: [{ runId, attempt: 1, jobId: runnerJobId(runId, 1) }],
      });
      await until(() => records.launched.length === 1);
      await claim('runner-1');
      await ack('cmd_a');
      await handle.executeUpdate(messages.finishCommandUpdate, {
        args: [{ runId, commandId: 'cmd_a', outcome: COMPLETED }],
      });
      await handle.executeUpdate(messages.finishRunUpdate, { args: [{ runId, outcome: COMPLETED }] });
      await result();
      const { historyLength } = await handle.describe();
      assert.ok(historyLength <= 120, `${historyLength} events`);
    });
  });
});

/** Holds the first who comes until it is told to fail. */
function gate() {
  let fail = (): void => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = () => reject(new Error('the worker was cut off'));
  });
  failed.catch(() => undefined);
  const one = {
    reached: false,
    fail: () => fail(),
    pass: async () => {
      one.reached = true;
      await failed;
    },
  };
  return one;
}

function refusalOf(error: unknown): string | null | undefined {
  return error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure
    ? error.cause.type
    : undefined;
}

async function until(condition: () => boolean, pause = async () => delay(10)): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'it did not happen within 20 s');
    await pause();
  }
}
