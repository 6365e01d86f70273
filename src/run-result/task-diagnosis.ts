import type { QueueRecord } from '../contract/queue.js';
import type { TaskRecord } from '../contract/task.js';
import type { TaskPhase } from '../domain/task-lifecycle.js';
import { cut } from './activity.js';
import { FAILURE_MEANINGS } from './failure-meanings.js';
import { asClause } from './words.js';

const LENGTH = 500;
const QUOTE = 300;

interface TaskFacts {
  readonly task: TaskRecord;
  /** How its newest attempt stands, or ended, in a sentence; null where there is nothing to tell. */
  readonly attempt: string | null;
  readonly queue: Pick<QueueRecord, 'concurrency' | 'paused'>;
}

/** What happened to a task, or what it waits for, and what to do next. */
export function taskDiagnosis(facts: TaskFacts): string {
  return cut(SENTENCES[facts.task.phase](facts), LENGTH);
}

const SENTENCES: Record<TaskPhase, (facts: TaskFacts) => string> = {
  'waiting-for-dispatch': () => 'Nobody has dispatched the task yet; dispatch it, or cancel it.',
  'waiting-until': ({ task }) => `The task begins by itself at ${task.waitingUntil}; wait, or cancel it.`,
  'waiting-for-slot': (facts) => slotSentence(facts),
  starting: ({ task }) =>
    `The task has a slot of its queue, and attempt ${task.latestAttempt?.attempt ?? 1} is being started; wait.`,
  running: ({ task, attempt }) => attempt ?? `Attempt ${attemptOf(task)} is live; wait, or cancel the task.`,
  'waiting-to-retry': ({ task }) =>
    `Attempt ${attemptOf(task)} failed: ${why(task)}; the next one begins by itself at ${task.waitingUntil}; wait, or dispatch or cancel the task.`,
  cancelling: ({ task }) =>
    task.cancelRequestedAt === null
      ? 'What works on the task is being stopped; wait for the end.'
      : 'A cancel was asked for, and what works on the task is being stopped; wait for the end.',
  ended: (facts) => endedSentence(facts),
};

function slotSentence({ task, queue }: TaskFacts): string {
  if (queue.paused) return `The queue ${task.queue} is paused, and the task waits for it; let the queue go on.`;
  if (queue.concurrency === 0) return `The queue ${task.queue} starts no task, its concurrency is 0; raise that.`;
  return `The task waits for one of the ${queue.concurrency} slots of its queue ${task.queue}; wait, or raise the queue's concurrency.`;
}

function endedSentence({ task, attempt }: TaskFacts): string {
  if (task.state === 'completed') return `The task completed in attempt ${attemptOf(task)}; read the reply of its run.`;
  if (task.state === 'cancelled') {
    const reason = task.cancelReason === null ? '' : ` (${asClause(task.cancelReason, QUOTE)})`;
    return `The task was cancelled${reason}; make it again if it is still wanted.`;
  }
  // The agent waits for words: its own sentence says for which, and where they go.
  if (task.state === 'blocked' && task.failureKind === null && attempt !== null) return attempt;
  const word = task.state === 'blocked' ? 'is blocked' : 'failed';
  const after = task.latestAttempt === null ? '' : ` after attempt ${attemptOf(task)}`;
  return `The task ${word}${after}: ${why(task)}; mend that and dispatch the task again.`;
}

function attemptOf({ latestAttempt, retryPolicy }: TaskRecord): string {
  const attempt = latestAttempt?.attempt ?? 1;
  // Dispatched again, it may have had more than its policy allows for one dispatch.
  return attempt > retryPolicy.maxAttempts ? `${attempt}` : `${attempt} of ${retryPolicy.maxAttempts}`;
}

function why({ failureKind, failureMessage, latestAttempt }: TaskRecord): string {
  const words = latestAttempt?.failureMessage ?? failureMessage;
  if (words !== null) return asClause(words, QUOTE);
  const kind = failureKind ?? latestAttempt?.failureKind ?? null;
  return kind === null ? 'nothing was said about why' : FAILURE_MEANINGS[kind].what;
}
