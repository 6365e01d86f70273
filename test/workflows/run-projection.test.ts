import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import assert from 'node:assert/strict';
import * as messages from '../../workflows/run/messages.js';
import type { runWorkflow } from '../../workflows/run/workflow.js';
import { gate, refusalOf, RunScenes, until } from '../support/run-scenes.js';
import { ScriptedActivities } from '../support/scripted-activities.js';
import { runInput } from '../unit/workflows/run-fixtures.js';

const COMPLETED = { status: 'completed', failureKind: null, message: null } as const;
const CANCELLED = { status: 'cancelled', failureKind: 'cancelled', message: null } as const;

describe('runWorkflow, where a snapshot cannot be written as it should', function () {
  this.timeout(120_000);
  const scenes = new RunScenes();
  const play: RunScenes['play'] = async (overrides, scene) => scenes.play(overrides, scene);

  before(async () => scenes.load());
  beforeEach(async () => scenes.set());
  afterEach(async () => scenes.strike());

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

  it('tells its runner of a cancel in Temporal also when it is heard with the end of something else', async () => {
    const { runId, taskQueue } = scenes.next();
    const records = new ScriptedActivities();
    const { nativeConnection: connection, client } = scenes.environment;
    const { workflowBundle } = scenes;
    const activities = Object.assign({}, records, { projectRun: records.projectRun });
    const hands = await Worker.create({ connection, taskQueue, activities });
    // Nothing is kept for a worker that is gone.
    const newMind = async () => Worker.create({ connection, taskQueue, workflowBundle, maxCachedWorkflows: 0 });
    await hands.runUntil(async () => {
      const handle = await client.workflow.start<typeof runWorkflow>('runWorkflow', {
        workflowId: `run:${runId}`,
        taskQueue,
        args: [runInput({ runId })],
      });
      const written = gate();
      const first = await newMind();
      await first.runUntil(async () => {
        await handle.executeUpdate(messages.claimRunUpdate, { args: [{ runId, runnerId: 'r', leaseMs: 60_000 }] });
        await handle.executeUpdate(messages.addCommandUpdate, { args: [{ runId, commandId: 'cmd_a', type: 'turn' }] });
        records.onProject = async () => written.pass();
        const waitForStage = 'ACCEPTED';
        await handle.startUpdate(messages.ackCommandUpdate, { args: [{ runId, commandId: 'cmd_a' }], waitForStage });
        await until(() => written.reached);
      });
      // Nobody listens while both happen.
      records.onProject = () => undefined;
      written.open();
      await until(() => records.commands['cmd_a'] === 'acknowledged');
      await handle.cancel();
      await (
        await newMind()
      ).runUntil(async () => {
        await until(() => records.latest.cancelRequestedAtMs !== null);
        await handle.executeUpdate(messages.finishRunUpdate, { args: [{ runId, outcome: CANCELLED, attempt: 1 }] });
      });
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
});
