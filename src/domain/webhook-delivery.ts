/** Webhooks that may be told, and those whose receiver wants nothing more. */
export const WEBHOOK_STATES = ['enabled', 'disabled'] as const;

/** `pending`: it is tried, or waits for its next try. `failed`: it is tried no more, unless somebody asks for it. */
export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What a delivery's workflow starts with. The rest is in the records. */
export interface DeliverWebhook {
  readonly deliveryId: string;
}

/** What became of one try. */
export type TryVerdict =
  | 'delivered'
  /** It may go better later. */
  | 'retry'
  /** The receiver says that it wants nothing more. */
  | 'gone'
  /** Nothing was sent, and nothing will be. */
  | 'stopped'
  /** There was nothing to do: it is delivered, or its webhook is deleted. */
  | 'settled';

/** One try as the delivery's workflow learns it. Words of ours only: nothing of what the receiver said. */
export interface DeliveryTried {
  readonly verdict: TryVerdict;
  /** Counted over all the delivery's life, from 1. */
  readonly attempt: number;
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly latencyMs: number | null;
  /** What the receiver asked for. */
  readonly retryAfterMs: number | null;
}

const HOUR_MS = 3_600_000;

/** In milliseconds. */
export const DELIVERY_LIMITS = {
  /** For one request, from the look-up of the name to the last byte that is read. */
  requestMs: 10_000,
  firstWaitMs: 5_000,
  longestWaitMs: 4 * HOUR_MS,
  /** A receiver may ask for so much patience. */
  longestRetryAfterMs: HOUR_MS,
  /** From the first try until it is given up. */
  giveUpMs: 24 * HOUR_MS,
} as const;

const FACTOR = 3;
/** Receivers that fail under load must not be asked again by everybody at once. */
const JITTER = 0.1;

export interface Tries {
  /** Made so far. */
  readonly count: number;
  /** Since the first one. */
  readonly elapsedMs: number;
  readonly retryAfterMs: number | null;
  /** From 0 to 1. */
  readonly random: number;
}

/** How long to wait before the next try, in milliseconds: 5 s, then three times as long each time, up to four hours. Null: give up. */
export function waitBeforeNextTry({ count, elapsedMs, retryAfterMs, random }: Tries): number | null {
  const { firstWaitMs, longestWaitMs, longestRetryAfterMs, giveUpMs } = DELIVERY_LIMITS;
  const steady = Math.min(longestWaitMs, firstWaitMs * FACTOR ** (count - 1));
  const waitMs = Math.round(steady * (1 + JITTER * (2 * random - 1)));
  const asked = Math.min(retryAfterMs ?? 0, longestRetryAfterMs);
  const chosen = Math.max(waitMs, asked);
  return elapsedMs + chosen > giveUpMs ? null : chosen;
}
