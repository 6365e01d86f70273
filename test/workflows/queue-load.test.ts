import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { queueWorkflowId, taskWorkflowId } from '../../src/domain/ids.js';
import type { TaskInput } from '../../src/domain/task-messages.js';
import type { queueTaskWorkflow } from '../../workflows/queue-task/workflow.js';
import { QueueWorld } from '../support/queue-world.js';
import { createTestNamespace } from '../support/temporal-server.js';

/** More by hand: `AGENTRUN_TEST_QUEUE_TASKS=1000`. */
const TASKS = Number(process.env['AGENTRUN_TEST_QUEUE_TASKS'] ?? 120);
const SLOTS = 10;
const TENANTS = ['acme', 'beta', 'core'];

describe(`${TASKS} tasks of ${TENANTS.length} tenants through ${SLOTS} slots of a queue that carries a few and continues as new`, function () {
  this.timeout(300_000 + TASKS * 2_000);
  let workflowBundle: WorkflowBundleWithSourceMap;
  let connection: Connection;
  let native: NativeConnection;
  let client: Client;
  let namespace: string;

  before(async () => {
    const workflowsPath = fileURLToPath(new URL('../../workflows/index.js', import.meta.url));
    workflowBundle = await bundleWorkflowCode({ workflowsPath });
    const server = await createTestNamespace();
    namespace = server.namespace;
    connection = await Connection.connect({ address: server.address });
    native = await NativeConnection.connect({ address: server.address });
    client = new Client({ connection, namespace });
  });
  after(async () => {
    await connection.close();
    await native.close();
  });

  it('each runs once, never more than the slots, every tenant has its share, and nothing is dropped', async () => {
    const taskQueue = 'queue-load';
    const world = new QueueWorld(client, taskQueue, { continueAsNewAtEvents: 150, carried: 20 });
    world.settings = { ...world.settings, concurrency: SLOTS };
    world.runMs = 1_500;
    const worker = await Worker.create({
      connection: native,
      namespace,
      taskQueue,
      workflowBundle,
      activities: world.activities,
    });
    await worker.runUntil(async () => {
      const handles = await Promise.all(
        Array.from({ length: TASKS }, async (_, index) => startTask(world, taskQueue, index)),
      );
      for (const handle of handles) assert.deepEqual(await handle.result(), { state: 'completed' });
    });
    const ids = world.started.map(({ taskId }) => taskId);
    assert.equal(new Set(ids).size, TASKS);
    assert.equal(ids.length, TASKS);
    assert.ok(world.mostLive > 1 && world.mostLive <= SLOTS, `${world.mostLive} at once`);
    assert.ok((await executionsOf(queueWorkflowId('load'))) > 2);
    assertFair(ids);
  });

  /** Every tenant has as many tasks; a task's tenant is in its id. */
  async function startTask(world: QueueWorld, taskQueue: string, index: number) {
    const tenantId = TENANTS[index % TENANTS.length] ?? '';
    const taskId = `${tenantId}_${index}`;
    const input: TaskInput = {
      taskId,
      tenantId,
      queue: 'load',
      priority: 500,
      createdAtMs: index,
      retry: { maxAttempts: 1, backoffMs: 0, maxBackoffMs: 0 },
      notBeforeMs: null,
      autoDispatch: true,
      maxWallTimeMs: null,
      backstopMs: 3_600_000,
    };
    world.inputs.set(taskId, input);
    return client.workflow.start<typeof queueTaskWorkflow>('queueTaskWorkflow', {
      workflowId: taskWorkflowId(taskId),
      taskQueue,
      args: [input],
    });
  }

  async function executionsOf(workflowId: string): Promise<number> {
    let count = 0;
    for (let runId: string | null | undefined = ''; runId !== undefined && runId !== null; count += 1) {
      const { events } = await client.workflow.getHandle(workflowId, runId || undefined).fetchHistory();
      runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
    }
    return count;
  }

  /** Once all wait, no tenant is more than a round of slots ahead of another, up to the last that has nothing more to run. */
  function assertFair(ids: readonly string[]): void {
    const served = new Map(TENANTS.map((tenant) => [tenant, 0]));
    for (const id of ids.slice(0, Math.floor(ids.length * 0.9))) {
      const [tenant = ''] = id.split('_');
      served.set(tenant, (served.get(tenant) ?? 0) + 1);
      const counts = [...served.values()];
      assert.ok(Math.max(...counts) - Math.min(...counts) <= SLOTS * 2, `${JSON.stringify([...served])} after ${id}`);
    }
  }
});
