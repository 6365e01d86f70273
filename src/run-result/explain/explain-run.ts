import type { RunExplanation, TimelineEntry, TimelineSources } from '../../contract/explanation.js';
import { diagnosis } from '../diagnosis.js';
import { livenessPhase } from '../liveness-phase.js';
import { recoveryActions } from '../recovery-actions.js';
import { eventEntries } from './event-entries.js';
import type { ExplainFacts } from './explain-facts.js';
import { historyEntries } from './history-entries.js';
import { recordEntries } from './record-entries.js';
import { toTimeline } from './timeline.js';

/** Why a run is where it is: all that happened to it on one timeline, what that comes to, and what to do next. */
export function explainRun(facts: ExplainFacts): RunExplanation {
  const { run } = facts.run;
  return {
    runId: run.id,
    sessionId: run.sessionRef?.sessionId ?? null,
    status: run.status,
    terminalStatus: run.terminalStatus,
    failureKind: run.failureKind,
    phase: livenessPhase(facts.run),
    attempt: run.attempt,
    maxAttempts: run.retryPolicy.maxAttempts,
    workflowId: run.workflowId,
    traceId: run.traceId,
    ...toTimeline(runEntries(facts)),
    sources: sourcesOf(facts),
    diagnosis: diagnosis(facts.run),
    next: recoveryActions(facts.run),
    valuesPrinted: false,
  };
}

/** Records come first: of one moment, that something was asked for is told before what came of it. */
export function runEntries(facts: ExplainFacts): TimelineEntry[] {
  const { history, run } = facts;
  const ofHistory = typeof history === 'string' ? [] : historyEntries(run.run.id, history, run.nowMs);
  return [...recordEntries(facts), ...ofHistory, ...eventEntries(run.run.id, facts.story)];
}

export function sourcesOf({ history, isStoryCut }: Pick<ExplainFacts, 'history' | 'isStoryCut'>): TimelineSources {
  const read = typeof history === 'string' ? history : history.isCut ? 'cut' : 'read';
  const notes = [HISTORY_NOTES[read], isStoryCut ? 'Events between the oldest and the newest are left out.' : null];
  const said = notes.filter((note) => note !== null);
  return { history: read, events: isStoryCut ? 'cut' : 'read', note: said.length === 0 ? null : said.join(' ') };
}

const HISTORY_NOTES = {
  read: null,
  cut: 'Temporal’s history is long: only its end is told.',
  gone: 'Temporal no longer has the run’s history: this is told from PostgreSQL alone.',
  unavailable: 'Temporal did not answer in time: this is told from PostgreSQL alone.',
} as const;
