import type { TimelineEntry } from '../../contract/explanation.js';
import { assertNever } from '../../domain/assert-never.js';
import type { HistoryFact, PendingWork, RunHistory } from '../../domain/run-history.js';
import { ageInWords } from '../words.js';
import { entriesFrom, type TellEntry } from './entry.js';

/** Work of ours that operators think of; the rest is told only where it fails. */
const PLATFORM_WORK: Record<string, { done: string; doing: string }> = {
  launchRunnerJob: { done: 'The platform took the runner Job', doing: 'Making the runner Job' },
  stopRunnerJob: { done: 'The platform stopped the runner Job', doing: 'Stopping the runner Job' },
};

const RECORD_WORK: Record<string, string> = {
  projectRun: 'Writing the run’s state to the database',
  readWrittenVersion: 'Looking whether what was decided is in the database',
  expireLease: 'Asking the database whether the lease is over',
  revokeLease: 'Fencing the attempt in the database',
  lastEventAge: 'Asking the database when the turn was last heard of',
  apiUptime: 'Asking the database for how long runners could reach the API',
  findCommandDrafts: 'Looking for what was sent in the database',
};

/** Waits that something follows from when they are over; the others only look. */
const TOLD_TIMERS = new Set(['backoff', 'start deadline', 'turn limit', 'cancel grace', 'idle end', 'unclaimed']);

/** What Temporal tells that neither the records nor the events do. */
export function historyEntries(runId: string, history: RunHistory, nowMs: number): TimelineEntry[] {
  const tell = entriesFrom('temporal', runId);
  return [
    ...history.facts.flatMap((fact) => factEntries(tell, fact)),
    ...history.pending.flatMap((work) => pendingEntries(tell, work, nowMs)),
    ...waitEntries(tell, history, nowMs),
  ];
}

function factEntries(tell: TellEntry, fact: HistoryFact): TimelineEntry[] {
  switch (fact.what) {
    case 'execution-started':
      return fact.continued ? [tell(fact.atMs, 'workflow', 'The workflow went on in a new execution.')] : [];
    case 'activity-ended':
      return activityEntries(tell, fact);
    case 'timer-fired':
      return timerEntries(tell, fact);
    case 'lease-doubted':
      return [
        tell(fact.atMs, 'lease', 'The lease monitor told that the lease ran out.', {
          attempt: fact.attempt,
          isTrouble: true,
        }),
      ];
    case 'runner-exited':
      return [
        tell(fact.atMs, 'job', `The platform told that the runner ended (${exitWords(fact)}).`, {
          attempt: fact.attempt,
          isTrouble: fact.exitCode !== 0,
        }),
      ];
    case 'task-failed':
      return [tell(fact.atMs, 'workflow', `The workflow’s code failed (${fact.cause}); Temporal tries it again.`, BAD)];
    case 'reset':
      return [tell(fact.atMs, 'workflow', 'Somebody reset the workflow to an earlier point of its history.', BAD)];
    case 'cancel-requested':
      return [tell(fact.atMs, 'cancel', 'A cancel was asked for in Temporal.')];
    case 'execution-ended':
      return endEntries(tell, fact);
    default:
      return assertNever(fact);
  }
}

const BAD = { isTrouble: true };

function activityEntries(tell: TellEntry, fact: Extract<HistoryFact, { what: 'activity-ended' }>): TimelineEntry[] {
  const { activity, failure, tries, attempt, atMs, startedAtMs } = fact;
  const platform = PLATFORM_WORK[activity];
  if (failure !== null) {
    return [tell(atMs, kindOf(activity), `${workName(activity)} failed for good: ${failure}.`, { attempt, ...BAD })];
  }
  const took = ageInWords(Math.max(0, atMs - startedAtMs));
  if (platform !== undefined) {
    const words = `${platform.done}, in ${took}${tries > 1 ? ` and ${tries} tries` : ''}.`;
    return [tell(atMs, 'job', words, { attempt, isTrouble: tries > 1 })];
  }
  if (tries <= 1) return [];
  return [tell(atMs, 'workflow', `${workName(activity)} took ${tries} tries and ${took}.`, BAD)];
}

function timerEntries(tell: TellEntry, fact: Extract<HistoryFact, { what: 'timer-fired' }>): TimelineEntry[] {
  if (!TOLD_TIMERS.has(fact.name)) return [];
  const waited = ageInWords(fact.atMs - fact.startedAtMs);
  const isBackoff = fact.name === 'backoff';
  const text = isBackoff
    ? `The backoff of ${waited} before the attempt is over.`
    : `The wait “${fact.name}” ended after ${waited}.`;
  return [tell(fact.atMs, isBackoff ? 'backoff' : 'workflow', text)];
}

function endEntries(tell: TellEntry, fact: Extract<HistoryFact, { what: 'execution-ended' }>): TimelineEntry[] {
  const { how, reason, atMs } = fact;
  if (how === 'completed' || how === 'continued') return [];
  const why = reason === null || reason === '' ? '' : `: ${reason}`;
  return [tell(atMs, 'workflow', `The workflow was ${how === 'failed' ? 'ended as failed' : how}${why}.`, BAD)];
}

function pendingEntries(tell: TellEntry, work: PendingWork, nowMs: number): TimelineEntry[] {
  const { activity, tries, scheduledAtMs, attempt, failure } = work;
  const since = ageInWords(Math.max(0, nowMs - scheduledAtMs));
  if (failure === null && PLATFORM_WORK[activity] === undefined) return [];
  const words = failure === null ? '' : `, tried ${tries} times so far: ${failure}`;
  const text = `${workName(activity)} is under way for ${since}${words}.`;
  return [tell(nowMs, 'waiting', text, { attempt, isTrouble: failure !== null })];
}

/** The next wait to end is what the workflow goes on with by itself. */
function waitEntries(tell: TellEntry, { timers }: RunHistory, nowMs: number): TimelineEntry[] {
  const [next] = timers.toSorted((a, b) => a.untilMs - b.untilMs);
  if (next === undefined) return [];
  const leftMs = next.untilMs - nowMs;
  const left = leftMs > 0 ? `in ${ageInWords(leftMs)}` : `since ${ageInWords(-leftMs)}`;
  return [tell(nowMs, 'waiting', `The workflow waits for messages; its next look is “${next.name}”, due ${left}.`)];
}

function kindOf(activity: string): 'job' | 'workflow' {
  return PLATFORM_WORK[activity] === undefined ? 'workflow' : 'job';
}

function workName(activity: string): string {
  return PLATFORM_WORK[activity]?.doing ?? RECORD_WORK[activity] ?? `The activity ${activity}`;
}

function exitWords({ reason, exitCode }: { reason: string; exitCode: number | null }): string {
  return exitCode === null ? reason : `${reason}, exit code ${exitCode}`;
}
