import type { NoteRef, Outcome } from '../../src/domain/outcome.js';
import { backoffBeforeAttempt } from '../../src/domain/lease.js';
import { TASK_RETRIES } from '../../src/domain/task-retries.js';
import { TaskRefused, type StartedAttempt, type TaskInput } from '../../src/domain/task-messages.js';
import type { TaskAttemptSnapshot } from '../../src/domain/task-snapshot.js';
import { newTaskData, type LiveAttempt, type TaskData } from './task-data.js';

/**
 * The decisions of a task, without Temporal: each method changes the state whole or refuses with `TaskRefused` and changes nothing.
 */
export class TaskState {
  constructor(
    private readonly input: TaskInput,
    readonly data: TaskData = newTaskData(input, Date.now()),
  ) {}

  get over(): boolean {
    return this.data.outcome !== null;
  }

  /** @throws TaskRefused `task-closing`: whoever asks again, soon, finds it ended. */
  admit(): void {
    if (this.over) throw new TaskRefused('task-closing');
  }

  /** The task may begin, and one that waits to try again does so now. Harmless while an attempt is live. */
  dispatch(): void {
    this.admit();
    const { data } = this;
    const waitsToRetry = data.wait?.phase === 'waiting-to-retry';
    if (data.dispatchedAtMs !== null && !waitsToRetry) return;
    data.dispatchedAtMs ??= Date.now();
    if (waitsToRetry) data.wait = null;
    this.changed();
  }

  /** A task that nothing works on has ended with it; the attempt of another is stopped first. */
  cancel(reason: NoteRef | null): void {
    this.admit();
    if (this.data.cancel !== null) return;
    this.data.cancel = { atMs: Date.now(), reason };
    if (this.data.live === null) this.end({ status: 'cancelled', failureKind: 'cancelled', message: reason });
    else this.changed();
  }

  waitIsOver(): void {
    this.data.wait = null;
    this.changed();
  }

  wantSlot(): void {
    this.data.slot = { state: 'wanted', attempt: this.data.attempt + 1, wantedAtMs: Date.now(), told: false };
    this.changed();
  }

  /** False where the task has no use for it: then the queue is to be told. */
  slotGranted(attempt: number): boolean {
    const { slot } = this.data;
    if (attempt !== slot.attempt || slot.state === 'none') return false;
    if (slot.state === 'held') return true;
    slot.state = 'held';
    this.changed();
    return true;
  }

  /** No record shows it: what does, the phase, has changed before. */
  slotReleased(): void {
    this.data.slot = { state: 'none', attempt: 0, wantedAtMs: null, told: false };
  }

  beginAttempt(): void {
    const nowMs = Date.now();
    this.data.attempt += 1;
    this.data.tries += 1;
    const { attempt } = this.data;
    const live: LiveAttempt = {
      attempt,
      startedAtMs: nowMs,
      started: null,
      early: [],
      stop: null,
      stopTold: false,
      checkedAtMs: nowMs,
    };
    this.data.live = live;
    this.#write(live, null);
  }

  attemptStarted(attempt: number, started: StartedAttempt): void {
    const { live } = this.data;
    if (live?.attempt !== attempt) return;
    live.started = started;
    this.#write(live, null);
    const end = live.early.find(({ commandId }) => commandId === started.commandId);
    if (end !== undefined) this.attemptEnded(attempt, end.outcome);
  }

  /** A short command may end before the task has heard that it was started. */
  commandEnded(commandId: string, outcome: Outcome): void {
    const { live } = this.data;
    if (live?.started === null) live.early.push({ commandId, outcome });
    else if (live?.started.commandId === commandId) this.attemptEnded(live.attempt, outcome);
  }

  /** It is to be stopped, and to end as given. */
  stopAttempt(attempt: number, outcome: Outcome): void {
    const { live } = this.data;
    if (live?.attempt !== attempt || live.stop !== null) return;
    live.stop = { outcome };
    this.changed();
  }

  stopTold(attempt: number): void {
    if (this.data.live?.attempt === attempt) this.data.live.stopTold = true;
  }

  /** The attempt's command has ended, or it could not be started: then the task has ended too, or tries again. */
  attemptEnded(attempt: number, outcome: Outcome): void {
    const { live } = this.data;
    if (live?.attempt !== attempt) return;
    // What was to be stopped and did stop ended for that reason, whatever word its run has for it.
    const stopped = live.stop?.outcome ?? this.#cancelled();
    const ended = stopped !== null && outcome.status !== 'completed' ? stopped : outcome;
    this.#write(live, ended);
    this.data.wallTimeMs += Date.now() - live.startedAtMs;
    this.data.live = null;
    if (this.#triesAgain(ended)) this.#waitToRetry();
    else this.end(this.#lastWord(ended));
  }

  end(outcome: Outcome): void {
    this.data.outcome = outcome;
    this.data.wait = null;
    this.changed();
  }

  /** A change that the read model must learn. */
  changed(): void {
    this.data.version += 1;
  }

  #cancelled(): Outcome | null {
    const { cancel } = this.data;
    return cancel && { status: 'cancelled', failureKind: 'cancelled', message: cancel.reason };
  }

  #triesAgain({ status, failureKind }: Outcome): boolean {
    return this.#mayPass({ status, failureKind }) && this.data.cancel === null && !this.#isExhausted();
  }

  #mayPass({ status, failureKind }: Pick<Outcome, 'status' | 'failureKind'>): boolean {
    return status === 'failed' && failureKind !== null && TASK_RETRIES[failureKind].retried;
  }

  #isExhausted(): boolean {
    return this.data.tries >= this.input.retry.maxAttempts;
  }

  #waitToRetry(): void {
    const untilMs = Date.now() + backoffBeforeAttempt(this.data.tries + 1, this.input.retry);
    this.data.wait = { phase: 'waiting-to-retry', untilMs };
    this.changed();
  }

  /** A task whose every try failed in a way that should have passed is not tried for ever: somebody has to look at it. */
  #lastWord(outcome: Outcome): Outcome {
    const isPoisoned = this.#mayPass(outcome) && this.data.cancel === null && this.data.tries > 1;
    if (!isPoisoned) return outcome;
    const { failureKind } = outcome;
    const text = `Each of ${this.data.tries} attempts failed, the last one with ${failureKind}. Look at the last attempt's run, then dispatch the task again.`;
    return { status: 'blocked', failureKind, message: { text } };
  }

  #write(live: LiveAttempt, outcome: Outcome | null): void {
    const { attempt, started, startedAtMs } = live;
    this.data.unwritten = this.data.unwritten.filter((one) => one.attempt !== attempt);
    this.data.unwritten.push({ attempt, startedAtMs, ...ofRun(started), ...asEnded(outcome) });
    this.changed();
  }
}

function ofRun(started: StartedAttempt | null): Pick<TaskAttemptSnapshot, keyof StartedAttempt> {
  return started ?? { runId: null, commandId: null, sessionId: null, runnerJobId: null, startedRun: false };
}

function asEnded(
  outcome: Outcome | null,
): Pick<TaskAttemptSnapshot, 'state' | 'failureKind' | 'failureMessage' | 'finishedAtMs'> {
  if (outcome === null) return { state: 'running', failureKind: null, failureMessage: null, finishedAtMs: null };
  const { status, failureKind, message } = outcome;
  return { state: status, failureKind, failureMessage: message, finishedAtMs: Date.now() };
}
