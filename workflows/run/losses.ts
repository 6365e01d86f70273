import { assertNever } from '../../src/domain/assert-never.js';
import type { FailureKind } from '../../src/domain/failure-kinds.js';
import { isHopeless } from '../../src/domain/job-end-reasons.js';
import type { Outcome } from '../../src/domain/outcome.js';

/** Why an attempt is given up. */
export type Loss =
  | { readonly why: 'lease-expired' }
  | {
      readonly why: 'runner-exited';
      readonly claimed: boolean;
      readonly reason: string;
      readonly exitCode: number | null;
    }
  | { readonly why: 'start-deadline'; readonly waitedMs: number }
  | { readonly why: 'launch-failed'; readonly message: string }
  | { readonly why: 'hard-timeout' | 'idle-timeout'; readonly limitMs: number }
  | { readonly why: 'cancel-ignored'; readonly graceMs: number };

/** The next attempt would be lost in the same way. */
export function isFinal(loss: Loss): boolean {
  return loss.why === 'runner-exited' && isHopeless(loss.reason);
}

/** What happened, in one sentence; and how the run ends if it was its last attempt. */
export function describeLoss(loss: Loss, attempt: number): { sentence: string; whenExhausted: Outcome } {
  const failed = (failureKind: FailureKind, sentence: string) => ({
    sentence,
    whenExhausted: { status: 'failed', failureKind, message: { text: sentence } } as const,
  });
  switch (loss.why) {
    case 'lease-expired':
      return failed('runner-lost', `The lease of attempt ${attempt} ran out: its runner was no longer heard of.`);
    case 'runner-exited':
      return loss.claimed
        ? failed('runner-lost', `The runner of attempt ${attempt} ended before its run did (${exitWords(loss)}).`)
        : failed(
            'runner-start-failed',
            `The runner of attempt ${attempt} ended before it claimed (${exitWords(loss)}).`,
          );
    case 'start-deadline':
      return failed('runner-start-failed', `No runner claimed attempt ${attempt} within ${seconds(loss.waitedMs)}.`);
    case 'launch-failed':
      return failed('runner-start-failed', `The runner Job of attempt ${attempt} could not be made: ${loss.message}`);
    // The turn itself has ended as that; what else was open waited behind it.
    case 'hard-timeout':
      return failed(
        'runner-lost',
        `The turn passed its limit of ${seconds(loss.limitMs)} and its runner did not end it.`,
      );
    case 'idle-timeout':
      return failed('runner-lost', `The turn was silent for ${seconds(loss.limitMs)} and its runner did not end it.`);
    case 'cancel-ignored':
      return failed('runner-lost', `The runner did not stop within ${seconds(loss.graceMs)} of the cancel.`);
    default:
      return assertNever(loss);
  }
}

function exitWords(exit: { reason: string; exitCode: number | null }): string {
  return exit.exitCode === null ? exit.reason : `${exit.reason}, exit code ${exit.exitCode}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
