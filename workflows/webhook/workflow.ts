import {
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.js';
import {
  waitBeforeNextTry,
  type DeliverWebhook,
  type DeliveryState,
  type DeliveryTried,
} from '../../src/domain/webhook-delivery.js';
import { deliverNowSignal } from './messages.js';

/** Longer than one request may take. Repeated only where our own parts were down before anything was sent, or a worker died over it. */
const { tryDelivery } = proxyActivities<Activities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
});

/** Until the database answers: what was sent must be in the log. */
const { recordDelivery } = proxyActivities<Activities>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

/**
 * Makes one delivery: tries, and waits between tries by timers of its own, so that each try, and the time of the next one, is seen here
 * and in the delivery log. Answers what became of it; undefined where it is gone.
 */
export async function webhookDeliveryWorkflow({ deliveryId }: DeliverWebhook): Promise<DeliveryState | undefined> {
  const wish = { isOpen: false };
  setHandler(deliverNowSignal, () => {
    wish.isOpen = true;
  });
  for (;;) {
    wish.isOpen = false;
    const state = await deliver(deliveryId, wish).catch(async (error: unknown) => stopIfCancelled(deliveryId, error));
    // Asked for in the moment that it ended: the records know whether there is still something to do.
    if (!wish.isOpen) return state;
  }
}

/** From a first try to the last one. A wish for a try at once begins anew, with all the time there is. */
async function deliver(deliveryId: string, wish: { isOpen: boolean }): Promise<DeliveryState | undefined> {
  const startedAtMs = Date.now();
  for (let count = 1; ; count++) {
    const tried = await tryDelivery({ deliveryId });
    if (tried.verdict === 'settled') return undefined;
    const waitMs = tried.verdict === 'retry' ? waitAfter(tried, count, Date.now() - startedAtMs) : null;
    const state = await recordDelivery({ deliveryId, tried, waitMs });
    present(tried, waitMs);
    if (waitMs === null || state !== 'pending') return state;
    if (await condition(() => wish.isOpen, waitMs, { summary: `until try ${tried.attempt + 1}` })) return state;
  }
}

/** Whoever cancels the workflow in Temporal wants no more tries: then the log must not promise any. */
async function stopIfCancelled(deliveryId: string, error: unknown): Promise<never> {
  if (isCancellation(error)) {
    const tried: DeliveryTried = { ...NOTHING, error: 'its workflow was cancelled in Temporal' };
    await CancellationScope.nonCancellable(async () => recordDelivery({ deliveryId, tried, waitMs: null }));
  }
  throw error;
}

const NOTHING = { verdict: 'stopped', attempt: 0, statusCode: null, latencyMs: null, retryAfterMs: null } as const;

function waitAfter({ retryAfterMs }: DeliveryTried, count: number, elapsedMs: number): number | null {
  return waitBeforeNextTry({ count, elapsedMs, retryAfterMs, random: Math.random() });
}

function present({ attempt, verdict, error }: DeliveryTried, waitMs: number | null): void {
  const next = waitMs === null ? 'none' : new Date(Date.now() + waitMs).toISOString();
  setCurrentDetails(`- try ${attempt}: ${verdict}${error === null ? '' : `, ${error}`}\n- next try: ${next}`);
}
