import { RunId } from '../../contract/common.js';
import { ClaimedRun, ClaimRequest, LeaseRenewal, RenewedRun } from '../../contract/lease.js';
import { claimRun, renewLease } from '../../operations/runs/hold-run.js';
import { route, type Route } from '../route.js';

const tag = 'leases';
const params = { runId: RunId };

export const leaseRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/api/v1/runs/:runId/claim',
    operationId: 'claimRun',
    tag,
    summary: 'Take a run as its runner',
    description:
      'One holder at a time; the same runner claiming again renews. `runnerToken` speaks for this run and attempt only, and is shown nowhere else.',
    auth: 'any',
    params,
    body: ClaimRequest,
    bodyExample: { runnerId: 'rnr_workstation', leaseMs: 60_000 },
    refusals: [409],
    answer: ClaimedRun,
    handle: ({ principal, params, body }, { operations }) => claimRun(operations, principal, params.runId, body),
  }),
  route({
    method: 'PATCH',
    path: '/api/v1/runs/:runId/lease',
    operationId: 'renewLease',
    tag,
    summary: 'The heartbeat of a runner',
    auth: 'any',
    params,
    body: LeaseRenewal,
    bodyExample: { runnerId: 'rnr_workstation', leaseMs: 60_000 },
    refusals: [409],
    quiet: true,
    answer: RenewedRun,
    handle: ({ principal, params, body }, { operations }) => renewLease(operations, principal, params.runId, body),
  }),
];
