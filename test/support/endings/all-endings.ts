import { liveStates } from './live-states.js';
import type { Ending } from './ending.js';
import { providerEndings } from './provider-endings.js';
import { leaseEndings, runnerEndings, unclaimedEndings } from './runner-endings.js';
import { turnEndings } from './turn-endings.js';

export interface EndingSet {
  /** The manager's, as in the environment. */
  readonly settings: Record<string, string>;
  readonly endings: Record<string, Ending>;
}

/** Everything that is recorded, by what its manager must be like. */
export const endingSets: readonly EndingSet[] = [
  { settings: {}, endings: { ...providerEndings, ...turnEndings, ...runnerEndings, ...liveStates } },
  { settings: { AGENTRUN_RUNNER_LEASE_MS: '2000' }, endings: leaseEndings },
  {
    settings: {
      // Nothing listens there.
      AGENTRUN_INTERNAL_MGR_URL: 'http://127.0.0.1:9',
      AGENTRUN_START_DEADLINE_MS: '2000',
      AGENTRUN_UNCLAIMED_RUN_TTL_MS: '2000',
    },
    endings: unclaimedEndings,
  },
];
