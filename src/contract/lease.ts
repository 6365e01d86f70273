import { Type, type Static } from 'typebox';
import { LEASE_MS } from '../domain/lease.js';
import { AttemptNumber, CommandId, Name } from './common.js';
import { RunRecord } from './run.js';

const LeaseMs = Type.Integer({ minimum: LEASE_MS.min, maximum: LEASE_MS.max, default: LEASE_MS.default });

export const ClaimRequest = Type.Object({
  runnerId: Name,
  leaseMs: LeaseMs,
  attempt: Type.Optional(AttemptNumber),
});
export type ClaimRequest = Static<typeof ClaimRequest>;

/** The one answer that holds a secret: the token by which this runner speaks for this attempt. */
export const ClaimedRun = Type.Interface([RunRecord], {
  runnerToken: Type.String(),
  /** How the agent is driven: the kind of the run's backend profile. */
  backendKind: Type.String(),
  cancelCommandIds: Type.Array(CommandId),
});
export type ClaimedRun = Static<typeof ClaimedRun>;

export const LeaseRenewal = Type.Object({
  runnerId: Name,
  leaseMs: LeaseMs,
  attempt: Type.Optional(AttemptNumber),
});
export type LeaseRenewal = Static<typeof LeaseRenewal>;

/** The run with its new `leaseExpiresAt`, and what the runner must act on: cancel marks and the newest command's `seq`. */
export const RenewedRun = Type.Interface([RunRecord], { cancelCommandIds: Type.Array(CommandId) });
export type RenewedRun = Static<typeof RenewedRun>;
