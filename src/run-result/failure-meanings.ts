import type { FailureKind } from '../domain/failure-kinds.js';

export interface FailureMeaning {
  readonly category: string;
  /** Completes "The run failed: …". */
  readonly what: string;
  /** What to do next. */
  readonly next: string;
}

const AGAIN = 'start it again';

const CREDENTIAL: Pick<FailureMeaning, 'category' | 'next'> = {
  category: 'authentication',
  next: 'set a valid credential for the backend profile, then start it again',
};

const REQUEST: FailureMeaning = {
  category: 'request',
  what: 'the runner reported a refused request',
  next: 'read the failure message and the last events, then correct the request',
};

const INFRASTRUCTURE = 'infrastructure';

/** What each failure kind means to someone who has to act on it. */
export const FAILURE_MEANINGS: Record<FailureKind, FailureMeaning> = {
  'schema-invalid': REQUEST,
  'auth-required': REQUEST,
  forbidden: REQUEST,
  'idempotency-conflict': REQUEST,
  'lease-conflict': { category: INFRASTRUCTURE, what: 'another runner held the run', next: AGAIN },
  'lease-lost': { category: INFRASTRUCTURE, what: 'the runner lost its lease', next: AGAIN },
  'session-store-evicted': {
    category: 'session-storage',
    what: "the session's storage is gone",
    next: 'go on in a new session',
  },
  'rate-limited': {
    category: 'rate-limit',
    what: 'the manager was asked too often',
    next: 'wait, then start it again',
  },
  'infra-failed': {
    category: INFRASTRUCTURE,
    what: 'a part of the infrastructure failed',
    next: 'look at the health of the manager, then start it again',
  },
  'backend-failed': {
    category: 'backend',
    what: 'the agent or its command failed',
    next: 'read the failure message and the last output, then correct the prompt or the workspace and send it again',
  },
  'backend-unauthorized': { ...CREDENTIAL, what: 'the backend has no valid credential' },
  'provider-auth-failed': { ...CREDENTIAL, what: 'the provider refused the credential' },
  'provider-rate-limited': {
    category: 'rate-limit',
    what: "the provider's rate limit was reached",
    next: 'wait for the limit to pass, then start it again',
  },
  'provider-unavailable': {
    category: 'provider-interruption',
    what: 'the provider did not answer',
    next: 'wait until the provider is back, then start it again',
  },
  'provider-stream-disconnected': {
    category: 'provider-interruption',
    what: "the provider's stream broke off",
    next: AGAIN,
  },
  'context-overflow': {
    category: 'context-overflow',
    what: "the conversation no longer fits the model's context",
    next: 'go on in a new session or with a shorter prompt',
  },
  'runner-lost': {
    category: INFRASTRUCTURE,
    what: 'its runner was lost in every attempt',
    next: 'look at the runner Job, then start it again',
  },
  'runner-start-failed': {
    category: INFRASTRUCTURE,
    what: 'its runner, workspace or backend could not be started',
    next: 'read failureMessage for the reason, mend that and start it again',
  },
  'hard-timeout': {
    category: 'timeout',
    what: 'the turn took longer than timeoutMs',
    next: 'allow more time or ask for less in one turn',
  },
  'idle-timeout': {
    category: 'timeout',
    what: 'the turn was silent for longer than idleTimeoutMs',
    next: 'look at the last activity for what hung, then send it again',
  },
  'thread-resume-failed': {
    category: 'thread-resume',
    what: "the agent's thread could not be resumed",
    next: 'go on in a new session',
  },
  'budget-exceeded': {
    category: 'budget',
    what: 'its budget is used up',
    next: 'allow a larger budget, then send it again',
  },
  cancelled: { category: 'cancelled', what: 'it was cancelled', next: 'send it again if it is still wanted' },
};

export const UNKNOWN_FAILURE: FailureMeaning = {
  category: 'unclassified',
  what: 'no failure kind was given',
  next: 'read the failure message and the last events',
};
