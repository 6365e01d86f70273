import { FAILURE_KINDS } from '../domain/failure-kinds.js';
import type { ExecutionEnd, HistoryFact, RunHistory } from '../domain/run-history.js';
import { failureWords, firstArgument, idOf, summaryOf, timeMs, type HistoryEvent } from './history-events.js';

/** What is written when a task's commands came too late for what had happened meanwhile: nothing is wrong then. */
const HARMLESS_CAUSES = [1, 13];

const CAUSES: Record<number, string> = {
  14: 'an error in it',
  20: 'somebody reset it',
  23: 'a search attribute that the server does not know',
  24: 'it no longer does what its history says: another version of the program',
};

interface Opened {
  readonly name: string;
  readonly atMs: number;
  readonly untilMs: number;
  readonly attempt: number | null;
  tries: number;
  startedAtMs: number;
}

/** What is still open as the events are read, oldest first. */
interface Reading {
  readonly activities: Map<string, Opened>;
  readonly timers: Map<string, Opened>;
}

export type HistoryReading = Pick<RunHistory, 'facts' | 'timers'> & {
  /** By activity id: the attempt whose Job it is about. */
  readonly attempts: ReadonlyMap<string, number | null>;
};

/** What a history, or the end of one, tells; events oldest first. What began before its first event is told from where it ends only. */
export function historyFacts(events: readonly HistoryEvent[]): HistoryReading {
  const reading: Reading = { activities: new Map(), timers: new Map() };
  const attempts = new Map<string, number | null>();
  const facts = events.flatMap((event) => {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) attempts.set(scheduled.activityId ?? '', attemptOf(firstArgument(scheduled.input)));
    return factsOf(event, reading);
  });
  const timers = [...reading.timers.values()];
  return { facts, attempts, timers: timers.map(({ name, atMs, untilMs }) => ({ name, startedAtMs: atMs, untilMs })) };
}

function factsOf(event: HistoryEvent, reading: Reading): HistoryFact[] {
  return [
    ...executionFacts(event),
    ...activityFacts(event, reading.activities),
    ...timerFacts(event, reading.timers),
    ...signalFacts(event),
  ];
}

function executionFacts(event: HistoryEvent): HistoryFact[] {
  const atMs = timeMs(event.eventTime);
  const ended = (how: ExecutionEnd, reason: string | null = null): HistoryFact[] => [
    { what: 'execution-ended', atMs, how, reason },
  ];
  const started = event.workflowExecutionStartedEventAttributes;
  if (started) return [{ what: 'execution-started', atMs, continued: Boolean(started.continuedExecutionRunId) }];
  const failed = event.workflowTaskFailedEventAttributes;
  if (failed && !HARMLESS_CAUSES.includes(Number(failed.cause))) {
    return [{ what: 'task-failed', atMs, cause: CAUSES[Number(failed.cause)] ?? `cause ${String(failed.cause)}` }];
  }
  if (event.workflowExecutionCancelRequestedEventAttributes) return [{ what: 'cancel-requested', atMs }];
  if (event.workflowExecutionCompletedEventAttributes) return ended('completed');
  if (event.workflowExecutionContinuedAsNewEventAttributes) return ended('continued');
  if (event.workflowExecutionCanceledEventAttributes) return ended('cancelled');
  if (event.workflowExecutionTimedOutEventAttributes) return ended('timed-out');
  const terminated = event.workflowExecutionTerminatedEventAttributes;
  if (terminated) return ended('terminated', terminated.reason ?? null);
  const { failure } = event.workflowExecutionFailedEventAttributes ?? {};
  return failure ? ended('failed', failureWords(failure, isOurs)) : [];
}

function activityFacts(event: HistoryEvent, open: Reading['activities']): HistoryFact[] {
  const atMs = timeMs(event.eventTime);
  const scheduled = event.activityTaskScheduledEventAttributes;
  if (scheduled) {
    const attempt = attemptOf(firstArgument(scheduled.input));
    const name = scheduled.activityType?.name ?? '';
    open.set(idOf(event.eventId), { name, atMs, untilMs: atMs, attempt, tries: 1, startedAtMs: atMs });
    return [];
  }
  const started = event.activityTaskStartedEventAttributes;
  const begun = started && open.get(idOf(started.scheduledEventId));
  if (begun) begun.tries = started.attempt ?? 1;
  const completed = event.activityTaskCompletedEventAttributes;
  if (completed) return endedActivity(idOf(completed.scheduledEventId), null);
  const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
  return failed ? endedActivity(idOf(failed.scheduledEventId), failureWords(failed.failure, isOurs)) : [];

  function endedActivity(scheduledId: string, failure: string | null): HistoryFact[] {
    const activity = open.get(scheduledId);
    open.delete(scheduledId);
    if (activity === undefined) return [];
    const { name, atMs: startedAtMs, tries, attempt } = activity;
    return [{ what: 'activity-ended', atMs, activity: name, startedAtMs, tries, attempt, failure }];
  }
}

function timerFacts(event: HistoryEvent, open: Reading['timers']): HistoryFact[] {
  const atMs = timeMs(event.eventTime);
  const started = event.timerStartedEventAttributes;
  if (started) {
    const waitMs = timeMs(started.startToFireTimeout);
    const name = summaryOf(event) ?? 'a wait';
    const timer = { name, atMs, untilMs: atMs + waitMs, attempt: null, tries: 1, startedAtMs: atMs };
    open.set(started.timerId ?? '', timer);
    return [];
  }
  const over = event.timerFiredEventAttributes ?? event.timerCanceledEventAttributes;
  const timer = over && open.get(over.timerId ?? '');
  if (over) open.delete(over.timerId ?? '');
  if (timer === undefined || timer === null || !event.timerFiredEventAttributes) return [];
  return [{ what: 'timer-fired', atMs, name: timer.name, startedAtMs: timer.atMs }];
}

function signalFacts(event: HistoryEvent): HistoryFact[] {
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (!signal) return [];
  const atMs = timeMs(event.eventTime);
  const { attempt, reason, exitCode } = firstArgument(signal.input);
  const ofAttempt = typeof attempt === 'number' ? attempt : null;
  if (signal.signalName === 'leaseExpired') return [{ what: 'lease-doubted', atMs, attempt: ofAttempt }];
  if (signal.signalName !== 'runnerExited') return [];
  const code = typeof exitCode === 'number' ? exitCode : null;
  const why = typeof reason === 'string' ? reason : 'for no known reason';
  return [{ what: 'runner-exited', atMs, attempt: ofAttempt, reason: why, exitCode: code }];
}

/** Of what is done about a Job: launching names the attempt, stopping the Job's id, which ends with it. */
function attemptOf({ attempt, jobId }: Record<string, unknown>): number | null {
  if (typeof attempt === 'number') return attempt;
  const ofJob = typeof jobId === 'string' ? /a(\d+)$/.exec(jobId)?.[1] : undefined;
  return ofJob === undefined ? null : Number(ofJob);
}

/** Failures whose words a caller may read. */
export function isOurs(type: string): boolean {
  return type === 'AgentRunError' || (FAILURE_KINDS as readonly string[]).includes(type);
}
