import type { LeaseState, Liveness } from '../contract/result.js';
import { isTerminalStatus } from '../domain/outcome.js';
import { activityOf } from './activity.js';
import { isLeaseExpired, leaseEndMs, livenessPhase } from './liveness-phase.js';
import { recoveryActions } from './recovery-actions.js';
import { elapsed, focusCommand, type RunFacts } from './run-facts.js';
import { terminalClassification } from './terminal-classification.js';
import { timeoutBudget } from './timeout-budget.js';

/** How alive the run is at this moment. `active` is false for a run that has ended or idles between turns. */
export function livenessOf(facts: RunFacts): Liveness {
  const { lastEventAtMs, nowMs } = facts;
  const phase = livenessPhase(facts);
  return {
    phase,
    active: !isTerminalStatus(facts.run.status) && phase !== 'idle',
    lastSeq: facts.lastSeq,
    lastEventAt: lastEventAtMs === null ? null : new Date(lastEventAtMs).toISOString(),
    lastEventAgeMs: lastEventAtMs === null ? null : elapsed(lastEventAtMs, nowMs),
    ...activities(facts),
    timeoutBudget: timeoutBudget(facts),
    lease: leaseState(facts),
    terminalClassification: terminalClassification(facts),
    recoveryActions: recoveryActions(facts),
  };
}

function activities(facts: RunFacts): Pick<Liveness, 'lastActivity' | 'lastCommandActivity'> {
  const last = facts.events.at(-1);
  const focusId = focusCommand(facts)?.id;
  const ofCommand = facts.commandEvents ?? facts.events.filter((event) => event.payload.commandId === focusId);
  const lastOfCommand = focusId === undefined ? undefined : ofCommand.at(-1);
  return {
    lastActivity: last === undefined ? null : activityOf(last, facts.nowMs),
    lastCommandActivity: lastOfCommand === undefined ? null : activityOf(lastOfCommand, facts.nowMs),
  };
}

function leaseState(facts: RunFacts): LeaseState {
  const endsAtMs = leaseEndMs(facts);
  return {
    claimedBy: facts.run.claimedBy,
    leaseExpiresAt: endsAtMs === null ? null : new Date(endsAtMs).toISOString(),
    leaseExpired: isLeaseExpired(facts),
    leaseRemainingMs: endsAtMs === null ? null : elapsed(facts.nowMs, endsAtMs),
  };
}
