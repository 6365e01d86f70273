import type { RenewedRun } from '../contract/lease.js';

export interface LeaseView {
  readonly attempt: number;
  readonly runnerId: string | null;
  readonly alive: boolean;
  /** When the lease is over at the earliest, should no renewal come; later than it was given for after an outage of ours. */
  readonly expiresAtMs: number | null;
  /** When it was given or renewed last; null unless alive. */
  readonly renewedAtMs: number | null;
  /** It ran out, and nobody has ended the attempt yet. */
  readonly isOver: boolean;
  /** The run has ended: no attempt of it is to come, nor to be claimed. */
  readonly ended: boolean;
}

/** An attempt whose lease ran out, and where its workflow is. */
export interface ExpiredLease {
  readonly runId: string;
  readonly attempt: number;
  readonly workflowId: string;
}

export interface LeaseRenewal {
  readonly runId: string;
  readonly runnerId: string;
  readonly attempt?: number;
  readonly leaseMs: number;
}

/**
 * Leases of live attempts: one narrow row per run. Time is the database's clock, never a runner's.
 * A lease counts as over only when it ran out while the API was able to accept its renewal: an outage of ours is not the runner's death.
 */
export interface LeaseStore {
  /** Gives the attempt to the runner (again, harmless). Answers when it ends, or undefined when the attempt is over or another runner holds it. */
  grant(lease: { runId: string; attempt: number; runnerId: string; leaseMs: number }): Promise<number | undefined>;
  /**
   * The heartbeat: one SQL statement, shared with others that come at the same time. Without `attempt` the runner's name alone is tested.
   * @throws lease-lost when the runner no longer holds the attempt; schema-invalid (missing) for an unknown run.
   */
  renew(lease: LeaseRenewal): Promise<RenewedRun>;
  read(runId: string): Promise<LeaseView | undefined>;
  /**
   * For how long the run has written no event although the API could take one, in milliseconds of the database's clock:
   * 0 while nobody accepts renewals, and counted from the end of an outage of ours. Null for an unknown run.
   */
  silenceMs(runId: string): Promise<number | null>;
  /** For how long the API has accepted renewals without a gap, in milliseconds of the database's clock; 0 while nobody does. */
  acceptingMs(): Promise<number>;
  /** Compare and set: ends the attempt if its lease is really over, fencing all its later writes. Repeating answers the same. */
  expire(runId: string, attempt: number): Promise<{ expired: boolean; expiresAtMs: number | null }>;
  /** Ends the attempt whether or not its lease lives (runner died, forced stop), fencing all its later writes. */
  revoke(runId: string, attempt: number): Promise<void>;
  /** Leases past their end that no compare-and-set has taken yet, oldest first. */
  listExpired(limit: number): Promise<ExpiredLease[]>;
  /** Says that this process accepts renewals now. After a gap longer than `gapMs` every lease gets its full time again. */
  beat(gapMs: number): Promise<void>;
}
