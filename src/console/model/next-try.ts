import type { RunRecord } from '../../client/index.js';
import type { StartAgain } from './next-steps.js';

export type Policy = RunRecord['executionPolicy'];

/** The longest limit that the manager takes. */
const LONGEST_MS = 7 * 86_400_000;

/** What the next try is told, until somebody changes it. One that was stopped goes on with what it did, where it still knows of it. */
export function promptOfNextTry({ sessionRef }: Pick<RunRecord, 'sessionRef'>, as: StartAgain, last: string): string {
  if (as === 'with-an-answer') return '';
  return as === 'allowed-more' && sessionRef !== null ? 'You may do it now: go on.' : last;
}

/** What the next try may do, until somebody changes it. */
export function policyOfNextTry(policy: Policy, as: StartAgain): Policy {
  if (as === 'allowed-more') return oneStepMore(policy);
  if (as !== 'with-more-time') return policy;
  const { timeoutMs, idleTimeoutMs } = policy;
  return { ...policy, timeoutMs: twice(timeoutMs), idleTimeoutMs: twice(idleTimeoutMs) };
}

/** Whoever wants it to be allowed everything chooses that. */
function oneStepMore(policy: Policy): Policy {
  if (policy.sandbox === 'read-only') return { ...policy, sandbox: 'workspace-write' };
  return policy.network ? { ...policy, sandbox: 'full-access' } : { ...policy, network: true };
}

function twice(ms: number): number {
  return Math.min(ms * 2, LONGEST_MS);
}
