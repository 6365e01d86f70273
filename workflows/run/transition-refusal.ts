import { RunRefused } from '../../src/domain/refusals.js';
import type { RunData } from './run-data.js';

/** Why a run's lifecycle does not go on as it was told to, in words for whoever told it. */
export function transitionRefusal(
  refusal: 'held-by-another-runner' | 'not-claimed',
  { lifecycle }: RunData,
): RunRefused {
  const type = refusal === 'not-claimed' ? 'attempt-over' : refusal;
  return new RunRefused(type, { attempt: lifecycle.attempt, claimedBy: lifecycle.claimedBy });
}
