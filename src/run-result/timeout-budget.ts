import type { CommandRecord } from '../contract/command.js';
import type { TimeoutBudget } from '../contract/result.js';
import { elapsed, focusCommand, liveTurn, type RunFacts } from './run-facts.js';

/** How much of the turn's time is used: of the hard limit, or of the idle limit where that is nearer. */
export function timeoutBudget(facts: RunFacts): TimeoutBudget {
  const turn = liveTurn(facts);
  if (turn?.acknowledgedAt) return runningBudget(facts, Date.parse(turn.acknowledgedAt));
  const focus = focusCommand(facts);
  if (focus?.type === 'turn' && focus.acknowledgedAt && focus.finishedAt) {
    return endedBudget(facts, Date.parse(focus.acknowledgedAt), Date.parse(focus.finishedAt));
  }
  return {
    ...common(facts, focus),
    state: 'not-started',
    elapsedMs: 0,
    remainingMs: facts.run.executionPolicy.timeoutMs,
    startedAt: null,
    source: focus === null ? 'no-turn' : 'turn-not-acknowledged',
  };
}

function runningBudget(facts: RunFacts, startedAtMs: number): TimeoutBudget {
  const { timeoutMs, idleTimeoutMs } = facts.run.executionPolicy;
  const idleStartedAtMs = Math.max(startedAtMs, facts.lastEventAtMs ?? 0);
  const elapsedMs = elapsed(startedAtMs, facts.nowMs);
  const idleElapsedMs = elapsed(idleStartedAtMs, facts.nowMs);
  const hardRemainingMs = timeoutMs - elapsedMs;
  const idleRemainingMs = idleTimeoutMs - idleElapsedMs;
  const idle = idleRemainingMs < hardRemainingMs;
  const remainingMs = Math.min(hardRemainingMs, idleRemainingMs);
  return {
    ...common(facts, liveTurn(facts)),
    state: remainingMs > 0 ? 'within-budget' : 'exceeded',
    timeoutKind: idle ? 'idle' : 'hard',
    timeoutMs: idle ? idleTimeoutMs : timeoutMs,
    elapsedMs,
    idleElapsedMs,
    remainingMs: Math.max(0, remainingMs),
    startedAt: iso(startedAtMs),
    idleStartedAt: iso(idleStartedAtMs),
    source: idle ? 'last-event' : 'turn-acknowledged',
  };
}

function endedBudget(facts: RunFacts, startedAtMs: number, finishedAtMs: number): TimeoutBudget {
  const { timeoutMs, idleTimeoutMs } = facts.run.executionPolicy;
  const elapsedMs = elapsed(startedAtMs, finishedAtMs);
  const isIdle = focusCommand(facts)?.failureKind === 'idle-timeout';
  return {
    ...common(facts, focusCommand(facts)),
    state: 'ended',
    // The one that it used up, where it did.
    timeoutKind: isIdle ? 'idle' : 'hard',
    timeoutMs: isIdle ? idleTimeoutMs : timeoutMs,
    elapsedMs,
    remainingMs: isIdle ? 0 : Math.max(0, timeoutMs - elapsedMs),
    startedAt: iso(startedAtMs),
    source: 'turn-ended',
  };
}

function common(facts: RunFacts, command: CommandRecord | null) {
  const { run, nowMs, lastEventAtMs, lastSeq } = facts;
  return {
    timeoutKind: 'hard' as const,
    timeoutMs: run.executionPolicy.timeoutMs,
    idleElapsedMs: null,
    idleStartedAt: null,
    lastActivityAt: iso(lastEventAtMs),
    lastActivitySeq: lastSeq === 0 ? null : lastSeq,
    commandElapsedMs: command === null ? null : age(command.createdAt, command.finishedAt, nowMs),
    runElapsedMs: age(run.createdAt, run.finishedAt, nowMs),
  };
}

function age(createdAt: string, finishedAt: string | null, nowMs: number): number {
  return elapsed(Date.parse(createdAt), finishedAt === null ? nowMs : Date.parse(finishedAt));
}

function iso<T extends number | null>(ms: T): T extends null ? null : string {
  return (ms === null ? null : new Date(ms).toISOString()) as T extends null ? null : string;
}
