import type { FailureKind } from './failure-kinds.js';

interface RetryRule {
  readonly retried: boolean;
  /** Why so. */
  readonly because: string;
}

const retried = (because: string): RetryRule => ({ retried: true, because });
const final = (because: string): RetryRule => ({ retried: false, because });

/** Whether a task tries again after an attempt that failed so, and why. The one place that says it. */
export const TASK_RETRIES: Record<FailureKind, RetryRule> = {
  'backend-failed': final(
    'the agent did its work and failed: the same prompt would most likely fail again, at the same price',
  ),
  'backend-unauthorized': final('the backend has no valid credential until somebody sets one'),
  'provider-auth-failed': final('the provider refuses the credential until somebody sets another'),
  'provider-rate-limited': retried('limits of a provider pass with time'),
  'provider-unavailable': retried('a provider comes back'),
  'provider-stream-disconnected': retried('a connection that broke says nothing of the work'),
  'context-overflow': final('the conversation does not become shorter by itself'),
  'runner-lost': retried('a machine was lost, not the work; another may do it'),
  'runner-start-failed': retried('a platform that had no room or no image may have it later'),
  'hard-timeout': final('it used all of its time: another try would use it again'),
  'idle-timeout': retried('an agent that hung may not hang again'),
  'thread-resume-failed': final('the thread is not there for the next attempt either'),
  'budget-exceeded': final('a further attempt would pass the same cap'),
  cancelled: final('somebody wanted it to stop'),
  'schema-invalid': final('the request is refused again as long as it is the same'),
  'auth-required': final('the token does not become good by itself'),
  forbidden: final('rights do not change by themselves'),
  'lease-conflict': retried('the other holder of the lease will be gone'),
  'lease-lost': retried('a lost lease says nothing of the work'),
  'idempotency-conflict': final('the key stays used'),
  'session-store-evicted': final("the session's storage does not come back"),
  'rate-limited': retried('what was too much now fits later'),
  'infra-failed': retried('a part of ours was down'),
};
