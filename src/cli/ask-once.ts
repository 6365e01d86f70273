import { randomUUID } from 'node:crypto';
import { ApiError, isRefusedBetween, mayRetry, TransportError } from '../client/http-client.js';
import { Outage, pause } from '../client/outage.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { failureOf } from './failure.js';

/** As long as a manager takes to be started again. */
const OUTAGE_MS = 30_000;

export function newKey(): string {
  return `cli-${randomUUID()}`;
}

export interface Insisting {
  /** How long it is asked for again; 30,000. */
  readonly outageMs?: number;
  /** Ends it, at once, with the signal's reason for the last error. */
  readonly signal?: AbortSignal;
  readonly onLost: (error: Error) => void;
  /** What is thrown in the place of the last error. `isInDoubt`: one of the tries may have arrived; a later one that is refused says nothing of it. */
  readonly givenUp: (error: unknown, isInDoubt: boolean) => unknown;
}

/** Asks a manager that has just answered, and again for a while where it does not: for what has a key, and so comes to pass once. */
export async function insist<T>(
  ask: () => Promise<T>,
  { outageMs = OUTAGE_MS, signal, onLost, givenUp }: Insisting,
): Promise<T> {
  const outage = new Outage({ outageMs, onLost });
  outage.connected();
  let isInDoubt = false;
  const untilNextTry = async (error: unknown): Promise<void> => {
    signal?.throwIfAborted();
    // What stands in between refuses this one for good, however often it is asked.
    if (isRefusedBetween(error)) throw error;
    await pause(outage.retryIn(error), signal);
  };
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      // Of a try that was stopped on its way nobody knows either.
      if (mayHaveArrived(error) || signal?.aborted === true) isInDoubt = true;
      await untilNextTry(error).catch((last: unknown) => {
        throw givenUp(last, isInDoubt);
      });
    }
  }
}

/** The manager's own word, and its last. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && !mayRetry(error);
}

export interface OneOf {
  /** What it is, as in "whether the turn was sent". */
  readonly what: string;
  readonly givenKey: string | undefined;
  /** What the command must also say when it is repeated, to say the same. */
  readonly repeatedWith?: string;
  readonly outageMs?: number;
}

/**
 * Sends what must come to pass once, under the key that was given or a new one, and again where no answer comes.
 * @throws CliError that names the key where it is not known whether it was sent.
 */
export async function sendOnce<T>(
  { screen }: Pick<CliContext, 'screen'>,
  { what, givenKey, repeatedWith, outageMs }: OneOf,
  send: (idempotencyKey: string) => Promise<T>,
): Promise<T> {
  const key = givenKey ?? newKey();
  const onLost = tellOnce(screen, ({ message }) => `sending the ${what} again (${message})`);
  const before = `whether the ${what} was sent is not known: `;
  const repeat = [`--idempotency-key ${key}`, repeatedWith].filter(Boolean).join(' ');
  const advice = [`the same command with ${repeat} sends it once`];
  const details = { idempotencyKey: key };
  const givenUp = (error: unknown, isInDoubt: boolean) =>
    isInDoubt ? explained(error, { before, advice, details }) : error;
  return insist(() => send(key), { outageMs, onLost, givenUp });
}

/** Once: whoever presses Ctrl-C now must know what there is. */
export function tellOnce(screen: CliContext['screen'], say: (error: Error) => string): (error: Error) => void {
  let isTold = false;
  return (error) => {
    if (!isTold) screen.note(screen.err.colors.yellow(`! ${say(error)}`));
    isTold = true;
  };
}

const NOBODY_THERE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** Whether the manager may have taken it, although it did not say so. */
export function mayHaveArrived(error: unknown): boolean {
  if (!(error instanceof TransportError) || isRefusedBetween(error)) return false;
  const cause = error.cause instanceof Error ? error.cause.cause : undefined;
  return !NOBODY_THERE.has((cause as NodeJS.ErrnoException | undefined)?.code ?? '');
}

export interface Explanation {
  readonly before: string;
  readonly advice: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
}

/** The failure as it would be told by itself, with what is to be said of it here. */
export function explained(error: unknown, { before, advice, details }: Explanation): CliError {
  const failure = failureOf(error);
  if (failure === undefined) throw error;
  const { exitCode, message, failureKind, traceId } = failure;
  const facts = { failureKind, details: { ...failure.details, ...details }, traceId };
  return new CliError(before + message, exitCode, [...failure.advice, ...advice], facts);
}
