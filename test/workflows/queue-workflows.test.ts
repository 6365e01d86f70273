import { ApplicationFailure } from '@temporalio/common';
import { WorkflowClient, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { queueWorkflowId, taskWorkflowId } from '../../src/domain/ids.js';
import type { Outcome } from '../../src/domain/outcome.js';
import type { TaskInput } from '../../src/domain/task-messages.js';
import { queueChangedSignal } from '../../workflows/queue/messages.js';
import * as messages from '../../workflows/queue-task/messages.js';
import type { queueTaskWorkflow } from '../../workflows/queue-task/workflow.js';
import { eventually } from '../support/eventually.js';
import { QueueWorld } from '../support/queue-world.js';
import { quietRuntime } from '../support/quiet-runtime.js';
import { startTimeSkipping } from '../support/time-skipping.js';

const HOUR_MS = 3_600_000;
const failed = (failureKind: Outcome['failureKind']): Outcome => ({ status: 'failed', failureKind, message: null });

describe('queueTaskWorkflow and queueWorkflow, with time skipped', function () {
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
    readonly world: QueueWorld;
    /** Starts a task's workflow; dispatched at once unless told otherwise. */
    readonly task: (more?: Partial<TaskInput>) => Promise<WorkflowHandle<typeof queueTaskWorkflow>>;
    readonly id: (handle: WorkflowHandle) => string;
    /**
     * How it ended, without skipping time. The server loses a workflow's task that was under way as a timer of that workflow fired and
     * that cancels the timer: where nothing has to be skipped, nothing may be.
     */
    readonly resultInRealTime: (handle: WorkflowHandle<typeof queueTaskWorkflow>) => Promise<unknown>;
  }

  async function play(scene: (scene: Scene) => Promise<void>): Promise<void> {
    const taskQueue = `queue-workflows-${(numbered += 1)}`;
    const { client, nativeConnection: connection } = environment;
    const plain = new WorkflowClient({ connection: environment.connection });
    const world = new QueueWorld(client, taskQueue);
    const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities: world.activities });
    await worker.runUntil(async () =>
      scene({
        world,
        id: ({ workflowId }) => workflowId.replace('task:', ''),
        resultInRealTime: async ({ workflowId }) => plain.getHandle(workflowId).result(),
        task: async (more = {}) => {
          const taskId = `task_${(numbered += 1)}`;
          const input: TaskInput = {
            taskId,
            tenantId: 'acme',
            queue: 'default',
            priority: 500,
            createdAtMs: numbered,
            retry: { maxAttempts: 3, backoffMs: 60_000, maxBackoffMs: HOUR_MS },
            notBeforeMs: null,
            autoDispatch: true,
            maxWallTimeMs: null,
            backstopMs: HOUR_MS,
            ...more,
          };
          world.inputs.set(taskId, input);
          return client.workflow.start<typeof queueTaskWorkflow>('queueTaskWorkflow', {
            workflowId: taskWorkflowId(taskId),
            taskQueue,
            args: [input],
          });
        },
      }),
    );
  }

  it('does nothing before its time, and then what it is for', async () => {
    await play(async ({ world, task, id }) => {
      const dayMs = 24 * HOUR_MS;
      const startedAt = await environment.currentTimeMs();
      const handle = await task({ notBeforeMs: startedAt + dayMs });
      await environment.sleep(dayMs - 60_000);
      assert.equal(world.latest(id(handle)).phase, 'waiting-until');
      assert.deepEqual(world.started, []);
      assert.deepEqual(await handle.result(), { state: 'completed' });
      assert.ok((await environment.currentTimeMs()) - startedAt >= dayMs);
      assert.equal(world.started.length, 1);
    });
  });

  it('waits for its dispatch, however long', async () => {
    await play(async ({ world, task, id }) => {
      const handle = await task({ autoDispatch: false });
      await environment.sleep('30 days');
      assert.equal(world.latest(id(handle)).phase, 'waiting-for-dispatch');
      await handle.executeUpdate(messages.dispatchTaskUpdate, { args: [{ taskId: id(handle) }] });
      assert.deepEqual(await handle.result(), { state: 'completed' });
    });
  });

  it('tries again after a failure that may pass, longer each time, and blocks a task that never succeeds', async () => {
    await play(async ({ world, task, id }) => {
      world.onStart = ({ taskId, commandId }) =>
        void setTimeout(() => void world.end(taskId, commandId, failed('runner-lost')), 5);
      const startedAt = await environment.currentTimeMs();
      const handle = await task();
      assert.deepEqual(await handle.result(), { state: 'blocked' });
      assert.deepEqual(
        world.started.map(({ attempt }) => attempt),
        [1, 2, 3],
      );
      assert.ok((await environment.currentTimeMs()) - startedAt >= 60_000 + 120_000);
      assert.equal(world.latest(id(handle)).failureKind, 'runner-lost');
    });
  });

  it('ends as an attempt that can never be started is refused', async () => {
    await play(async ({ world, task, id }) => {
      world.beforeStart = () => {
        throw ApplicationFailure.nonRetryable('the profile is gone', 'schema-invalid');
      };
      const handle = await task();
      assert.deepEqual(await handle.result(), { state: 'failed' });
      const { failureKind, failureMessage } = world.latest(id(handle));
      assert.deepEqual([failureKind, failureMessage], ['schema-invalid', { text: 'the profile is gone' }]);
    });
  });

  it('finds out by itself what became of an attempt of which nobody told', async () => {
    await play(async ({ world, task }) => {
      world.onStart = () => undefined;
      // Apart from the hour after which the queue compares its slots.
      const handle = await task({ backstopMs: 50 * 60_000 });
      await environment.sleep('55 minutes');
      world.ended = { status: 'completed', failureKind: null, message: null };
      assert.deepEqual(await handle.result(), { state: 'completed' });
    });
  });

  it('is stopped when its attempts together used its wall time', async () => {
    await play(async ({ world, task, id }) => {
      world.onStart = () => undefined;
      const handle = await task({ maxWallTimeMs: 10 * 60_000 });
      await environment.sleep('11 minutes');
      const [commandId = ''] = world.stopped;
      assert.equal(world.latest(id(handle)).phase, 'cancelling');
      await world.end(id(handle), commandId, { status: 'cancelled', failureKind: 'cancelled', message: null });
      assert.deepEqual(await handle.result(), { state: 'blocked' });
      const { failureKind, wallTimeMs } = world.latest(id(handle));
      assert.equal(failureKind, 'budget-exceeded');
      assert.ok(wallTimeMs >= 10 * 60_000);
    });
  });

  it('gives back its slot when it is cancelled while it waits, and while it runs', async () => {
    await play(async ({ world, task, id, resultInRealTime }) => {
      world.settings = { ...world.settings, concurrency: 1 };
      world.onStart = () => undefined;
      const first = await task();
      await eventually('the first runs', () => world.live.size === 1);
      const [second, third] = [await task(), await task()];
      await eventually('both wait', () => world.tasks.get(id(third))?.phase === 'waiting-for-slot');
      await second.executeUpdate(messages.cancelTaskUpdate, { args: [{ taskId: id(second), reason: null }] });
      assert.deepEqual(await resultInRealTime(second), { state: 'cancelled' });
      await first.executeUpdate(messages.cancelTaskUpdate, { args: [{ taskId: id(first), reason: null }] });
      await eventually('the run is told', () => world.stopped.length > 0);
      const [commandId = ''] = world.stopped;
      await world.end(id(first), commandId, { status: 'cancelled', failureKind: 'cancelled', message: null });
      assert.deepEqual(await resultInRealTime(first), { state: 'cancelled' });
      await eventually('the third runs', () => world.live.has(`cmd_${id(third)}_1`));
      assert.equal(world.mostLive, 1);
      await world.end(id(third), `cmd_${id(third)}_1`, { status: 'completed', failureKind: null, message: null });
      assert.deepEqual(await resultInRealTime(third), { state: 'completed' });
    });
  });

  it('starts nothing while its queue is paused, and more when the limit is raised', async () => {
    await play(async ({ world, task }) => {
      const client = environment.client.workflow;
      world.settings = { ...world.settings, concurrency: 2, paused: true };
      world.onStart = () => undefined;
      const handles = await Promise.all(Array.from({ length: 5 }, async () => task()));
      const changed = async (settings: Partial<typeof world.settings>) => {
        world.settings = { ...world.settings, ...settings };
        await client.getHandle(queueWorkflowId('default')).signal(queueChangedSignal);
      };
      await eventually(
        'all wait',
        () => [...world.tasks.values()].filter((one) => one.phase === 'waiting-for-slot').length === 5,
      );
      await environment.sleep('1 minute');
      assert.equal(world.live.size, 0);
      await changed({ paused: false });
      await eventually('two run', () => world.live.size === 2);
      await changed({ concurrency: 4 });
      await eventually('four run', () => world.live.size === 4);
      await changed({ concurrency: 1 });
      for (const commandId of world.live) {
        const taskId = commandId.split('_').slice(1, 3).join('_');
        await world.end(taskId, commandId, { status: 'completed', failureKind: null, message: null });
      }
      await eventually('the last one runs', () => world.started.length === 5);
      assert.equal(world.mostLive, 4);
      const last = world.started.at(-1);
      assert.ok(last);
      await world.end(last.taskId, `cmd_${last.taskId}_1`, { status: 'completed', failureKind: null, message: null });
      // One after another: waiting for results unlocks the server's time, and only so often.
      for (const handle of handles) await handle.result();
    });
  });

  it('finds a slot that its task did not give back, though others come all the time', async () => {
    await play(async ({ world, task, id }) => {
      world.settings = { ...world.settings, concurrency: 1 };
      world.onStart = () => undefined;
      const gone = await task();
      await eventually('it runs', () => world.tasks.get(id(gone))?.phase === 'running');
      // As if its workflow had been terminated: nobody tells the queue, and the records say that it has ended.
      world.tasks.set(id(gone), { ...world.latest(id(gone)), phase: 'ended', state: 'failed' });
      world.live.clear();
      // None of them comes in the moment of the review, after an hour.
      for (let minutes = 0; minutes < 60; minutes += 21) {
        await task();
        await environment.sleep('21 minutes');
      }
      await task();
      await eventually('the next one runs', () => world.live.size === 1);
      assert.equal(world.reviews, 1);
    });
  });

  it('cancelling the workflow in Temporal cancels the task', async () => {
    await play(async ({ task }) => {
      const handle = await task({ autoDispatch: false });
      await handle.cancel();
      assert.deepEqual(await handle.result(), { state: 'cancelled' });
    });
  });

  it('a queue ends when nothing comes for an hour, and begins again with the next task', async () => {
    await play(async ({ task }) => {
      await (await task()).result();
      const queue = environment.client.workflow.getHandle(queueWorkflowId('default'));
      await queue.result();
      await (await task()).result();
    });
  });
});
