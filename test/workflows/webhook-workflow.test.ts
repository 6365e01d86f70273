import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { deliveryWorkflowId } from '../../src/domain/ids.js';
import type { DeliveryState, DeliveryTried } from '../../src/domain/webhook-delivery.js';
import { deliverNowSignal } from '../../workflows/webhook/messages.js';
import type { webhookDeliveryWorkflow } from '../../workflows/webhook/workflow.js';
import { quietRuntime } from '../support/quiet-runtime.js';
import { ScriptedActivities } from '../support/scripted-activities.js';
import { startTimeSkipping } from '../support/time-skipping.js';

const HOUR_MS = 3_600_000;

/** A receiver by its verdicts, and the log of what was recorded. */
class Receiver {
  verdicts: DeliveryTried['verdict'][] = [];
  retryAfterMs: number | null = null;
  readonly log: { tried: DeliveryTried; waitMs: number | null }[] = [];
  #attempts = 0;

  get activities() {
    return {
      ...(new ScriptedActivities() as object as Record<string, never>),
      tryDelivery: async (): Promise<DeliveryTried> => {
        const verdict = this.verdicts.shift() ?? 'retry';
        const attempt = verdict === 'settled' ? this.#attempts : (this.#attempts += 1);
        const error = verdict === 'retry' ? 'the receiver answered 500' : null;
        return { verdict, attempt, statusCode: 500, error, latencyMs: 1, retryAfterMs: this.retryAfterMs };
      },
      recordDelivery: async ({ tried, waitMs }: { tried: DeliveryTried; waitMs: number | null }) => {
        this.log.push({ tried, waitMs });
        const state: DeliveryState =
          tried.verdict === 'delivered' ? 'delivered' : waitMs === null ? 'failed' : 'pending';
        return state;
      },
    };
  }
}

describe('the workflow of a delivery, with time skipped', function () {
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

  async function withDelivery<T>(
    receiver: Receiver,
    play: (handle: Awaited<ReturnType<typeof start>>) => Promise<T>,
  ): Promise<T> {
    const taskQueue = `webhook-workflow-${(numbered += 1)}`;
    const { nativeConnection: connection } = environment;
    const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities: receiver.activities });
    return worker.runUntil(async () => play(await start(taskQueue)));
  }

  const start = async (taskQueue: string) =>
    environment.client.workflow.start<typeof webhookDeliveryWorkflow>('webhookDeliveryWorkflow', {
      taskQueue,
      workflowId: deliveryWorkflowId(taskQueue),
      args: [{ deliveryId: taskQueue }],
    });

  it('tries for a day and then gives up, and says before each wait when the next try comes', async () => {
    const receiver = new Receiver();
    const beganAt = await environment.currentTimeMs();
    assert.equal(await withDelivery(receiver, async (handle) => handle.result()), 'failed');
    const tookMs = (await environment.currentTimeMs()) - beganAt;
    const waits = receiver.log.map(({ waitMs }) => waitMs);
    assert.equal(waits.at(-1), null);
    assert.ok(waits.length >= 12, String(waits.length));
    assert.deepEqual(
      receiver.log.map(({ tried }) => tried.attempt),
      waits.map((_, index) => index + 1),
    );
    const sum = waits.reduce<number>((all, waitMs) => all + (waitMs ?? 0), 0);
    assert.ok(sum <= 24 * HOUR_MS && tookMs >= sum, `${sum} ms of ${tookMs}`);
  });

  it('ends with the first success', async () => {
    const receiver = new Receiver();
    receiver.verdicts = ['retry', 'retry', 'delivered'];
    assert.equal(await withDelivery(receiver, async (handle) => handle.result()), 'delivered');
    assert.equal(receiver.log.length, 3);
  });

  it('ends at once where the receiver is gone, or nothing is to be sent', async () => {
    for (const [verdict, state, recorded] of [
      ['gone', 'failed', 1],
      ['stopped', 'failed', 1],
      ['settled', null, 0],
    ] as const) {
      const receiver = new Receiver();
      receiver.verdicts = [verdict];
      assert.equal((await withDelivery(receiver, async (handle) => handle.result())) ?? null, state);
      assert.equal(receiver.log.length, recorded, verdict);
    }
  });

  it('waits as long as the receiver asks for', async () => {
    const receiver = new Receiver();
    receiver.verdicts = ['retry', 'delivered'];
    receiver.retryAfterMs = HOUR_MS / 2;
    await withDelivery(receiver, async (handle) => handle.result());
    assert.equal(receiver.log[0]?.waitMs, HOUR_MS / 2);
  });

  it('tries now when somebody asks for it, and has a whole day again', async () => {
    const receiver = new Receiver();
    await withDelivery(receiver, async (handle) => {
      await environment.sleep('20 hours');
      const before = receiver.log.length;
      await handle.signal(deliverNowSignal);
      assert.equal(await handle.result(), 'failed');
      const [first] = receiver.log.slice(before);
      assert.equal(first?.tried.attempt, before + 1);
      // As after a first try.
      assert.ok(first.waitMs !== null && first.waitMs < 6_000, String(first.waitMs));
      assert.ok(receiver.log.length - before >= 12);
    });
  });

  it('leaves no try in the log when it is cancelled in Temporal', async () => {
    const receiver = new Receiver();
    await withDelivery(receiver, async (handle) => {
      await environment.sleep('1 minute');
      await handle.cancel();
      await assert.rejects(handle.result(), /Workflow execution cancelled/);
      const last = receiver.log.at(-1);
      assert.deepEqual([last?.waitMs, last?.tried.error], [null, 'its workflow was cancelled in Temporal']);
    });
  });
});
