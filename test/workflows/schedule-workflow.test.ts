import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { ScheduledTask, ScheduledTaskMade } from '../../src/domain/schedules.js';
import type { TaskState } from '../../src/domain/task-lifecycle.js';
import { taskEndedSignal } from '../../workflows/schedule/messages.js';
import type { scheduledTaskWorkflow } from '../../workflows/schedule/workflow.js';
import { quietRuntime } from '../support/quiet-runtime.js';
import { ScriptedActivities } from '../support/scripted-activities.js';
import { startTimeSkipping } from '../support/time-skipping.js';

const TASK_ID = 'task_00000000001';

/** The task of one time, as the records tell it. */
class TaskRecords {
  made: ScheduledTaskMade = { verdict: 'made', taskId: TASK_ID };
  state: TaskState = 'running';
  looks = 0;
  readonly cancelled: string[] = [];

  get activities() {
    return {
      ...(new ScriptedActivities() as object as Record<string, never>),
      createScheduledTask: async () => this.made,
      readTaskState: async () => {
        this.looks += 1;
        return this.state;
      },
      cancelScheduledTask: async ({ taskId }: { taskId: string }) => {
        this.cancelled.push(taskId);
      },
    };
  }
}

describe('the workflow of one time of a schedule, with time skipped', function () {
  this.timeout(120_000);
  let environment: TestWorkflowEnvironment;
  let workflowBundle: WorkflowBundleWithSourceMap;
  let numbered = 0;

  before(async () => {
    quietRuntime();
    const workflowsPath = fileURLToPath(new URL('../../workflows/index.js', import.meta.url));
    workflowBundle = await bundleWorkflowCode({ workflowsPath });
    environment = await startTimeSkipping();
  });
  after(async () => environment.teardown());

  async function withTime<T>(
    records: TaskRecords,
    play: (handle: Awaited<ReturnType<typeof start>>) => Promise<T>,
    more: Partial<ScheduledTask> = {},
  ): Promise<T> {
    const taskQueue = `schedule-workflow-${(numbered += 1)}`;
    const { nativeConnection: connection } = environment;
    const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities: records.activities });
    return worker.runUntil(async () => play(await start(taskQueue, more)));
  }

  const start = async (taskQueue: string, more: Partial<ScheduledTask>) =>
    environment.client.workflow.start<typeof scheduledTaskWorkflow>('scheduledTaskWorkflow', {
      taskQueue,
      workflowId: `schedule:${taskQueue}`,
      args: [{ scheduleId: taskQueue, ...more }],
    });

  it('ends when the task tells that it has ended', async () => {
    const records = new TaskRecords();
    await withTime(records, async (handle) => {
      await handle.signal(taskEndedSignal, { taskId: 'task_of_another_time', state: 'failed' });
      await handle.signal(taskEndedSignal, { taskId: TASK_ID, state: 'blocked' });
      assert.equal(await handle.result(), 'blocked');
    });
    assert.equal(records.looks, 0);
  });

  it('finds out by itself where nobody tells, looking ever more seldom, for as long as it takes', async () => {
    const records = new TaskRecords();
    await withTime(records, async (handle) => {
      await environment.sleep('10 days');
      records.state = 'completed';
      assert.equal(await handle.result(), 'completed');
    });
    assert.ok(records.looks > 400 && records.looks < 600, `${records.looks} looks`);
  });

  it('cancels the task when it is cancelled, and ends when that has ended', async () => {
    const records = new TaskRecords();
    await withTime(records, async (handle) => {
      await environment.sleep('1 hour');
      await handle.cancel();
      await environment.sleep('1 hour');
      assert.deepEqual(records.cancelled, [TASK_ID]);
      assert.equal((await handle.describe()).status.name, 'RUNNING');
      await handle.signal(taskEndedSignal, { taskId: TASK_ID, state: 'cancelled' });
      await assert.rejects(handle.result(), /Workflow execution cancelled/);
      assert.equal((await handle.describe()).status.name, 'CANCELLED');
    });
    assert.deepEqual(records.cancelled, [TASK_ID]);
  });

  it('fails in the words of the refusal, and ends quietly where there is no schedule any more', async () => {
    const records = new TaskRecords();
    records.made = { verdict: 'refused', failureKind: 'rate-limited', message: 'the queue is full' };
    await withTime(records, async (handle) => {
      await assert.rejects(handle.result(), (error: Error) => /the queue is full/.test(String(error.cause)));
    });
    records.made = { verdict: 'gone' };
    assert.equal((await withTime(records, async (handle) => handle.result())) ?? null, null);
  });

  it('goes on in a new execution when its history grows long', async () => {
    const records = new TaskRecords();
    await withTime(
      records,
      async (handle) => {
        await environment.sleep('2 days');
        const { runId } = await handle.describe();
        assert.notEqual(runId, handle.firstExecutionRunId);
        await handle.signal(taskEndedSignal, { taskId: TASK_ID, state: 'completed' });
        assert.equal(await handle.result(), 'completed');
      },
      { continueAsNewAtEvents: 100 },
    );
    // It looks no sooner again for that.
    assert.ok(records.looks > 90 && records.looks < 150, `${records.looks} looks`);
  });
});
