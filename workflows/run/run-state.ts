import {
  newCommand,
  transitionCommand,
  type CommandEvent,
  type CommandType,
} from '../../src/domain/command-lifecycle.js';
import type { EventType } from '../../src/domain/event-types.js';
import { handedOnCommandId } from '../../src/domain/ids.js';
import { backoffBeforeAttempt } from '../../src/domain/lease.js';
import { isTerminalStatus, type NoteRef, type Outcome } from '../../src/domain/outcome.js';
import { RunRefused } from '../../src/domain/refusals.js';
import { transitionRun, type RunEvent } from '../../src/domain/run-lifecycle.js';
import type {
  FinishCommand,
  RunInput,
  RunOpening,
  SendToSession,
  SentCommand,
  Writer,
} from '../../src/domain/run-messages.js';
import type { SendDecision } from '../../src/domain/run-snapshot.js';
import type { CommandEnded } from '../../src/domain/task-messages.js';
import { describeLoss, isFinal, type Loss } from './losses.js';
import { isTaken, isWork, newRunData, type LiveCommand, type RunData } from './run-data.js';
import { commandSnapshot } from './snapshot.js';
import { transitionRefusal } from './transition-refusal.js';

/** A turn that is stopped because somebody wanted it to. */
const CANCELLED: Outcome = { status: 'cancelled', failureKind: 'cancelled', message: null };
const NOTHING_TO_STOP: Outcome = { status: 'completed', failureKind: null, message: { text: 'no turn was running' } };

/** Where a command came from, beside its caller. */
interface CommandOrigin {
  readonly payloadOf?: string;
  readonly send?: SendDecision;
  readonly taskId?: string;
}

/** A repeated request comes soon after the first; older ones are answered from the read model before they get here. */
const REMEMBERED_COMMANDS = 100;

/**
 * The decisions of a run, without Temporal: each method changes the state whole or refuses with `RunRefused` and changes nothing.
 * The workflow calls it from its handlers and its loop, and has `data` written to the read model.
 */
export class RunState {
  /** Set where this execution leaves out what an earlier release of its workflow wrote down in vain; see `SPARES_HISTORY` in `workflow.ts`. */
  sparing = false;
  /** Set where what is decided is written along with work on the run's Jobs; see `WRITES_WITH_JOBS` there. Such an execution is sparing too. */
  writingWithJobs = false;

  constructor(
    private readonly input: RunInput,
    readonly data: RunData = newRunData(input, Date.now()),
  ) {}

  get terminal(): boolean {
    return isTerminalStatus(this.data.lifecycle.status);
  }

  get attempt(): number {
    return this.data.lifecycle.attempt;
  }

  /** What is open and could go to an agent. */
  get openCommands(): readonly LiveCommand[] {
    return this.data.commands;
  }

  command(id: string): LiveCommand {
    const found = this.data.commands.find((command) => command.id === id);
    if (found === undefined) throw new RunRefused('command-unknown', { commandId: id });
    return found;
  }

  /** @throws RunRefused when the run is over, or the writer does not hold the live attempt. */
  admit(writer: Writer): void {
    if (this.terminal) throw this.terminalRefusal();
    const { attempt, claimedBy } = this.data.lifecycle;
    const wrongAttempt = writer.attempt !== undefined && writer.attempt !== attempt;
    const wrongRunner = writer.runnerId !== undefined && writer.runnerId !== claimedBy;
    if (wrongAttempt || wrongRunner)
      throw new RunRefused('attempt-over', { attempt, status: this.data.lifecycle.status });
  }

  requestJob(attempt: number): void {
    if (this.terminal) throw this.terminalRefusal();
    if (attempt !== this.attempt) throw new RunRefused('attempt-over', { attempt: this.attempt });
    if (this.data.job.askedFor === attempt) return;
    this.data.job.wanted = true;
    this.data.job.askedFor = attempt;
    this.data.waitingSinceMs ??= this.data.lifecycle.claimedBy === null ? Date.now() : null;
    this.changedWithin();
  }

  /** Takes what the run is opened with; before anything else, and once in its life. */
  open({ turn, runnerJob }: RunOpening): void {
    const { commandId, taskId } = turn;
    this.addCommand(commandId, 'turn', { taskId });
    if (runnerJob) this.requestJob(this.attempt);
  }

  jobLaunched(attempt: number): void {
    this.data.job.launchedFor = attempt;
    this.data.job.launchedAtMs = Date.now();
    this.changedWithin();
  }

  claim(runnerId: string, leaseMs: number): void {
    const before = this.data.lifecycle;
    this.move({ type: 'claimed', runnerId });
    this.data.waitingSinceMs = null;
    this.data.leaseSeenAtMs = Date.now();
    this.data.leaseDoubt = null;
    const { job } = this.data;
    // A runner came before the Job that was asked for could be launched: it is not needed, and whoever looks at its record is told.
    if (this.sparing && job.askedFor === this.attempt && job.launchedFor !== this.attempt) job.stopFirst = this.attempt;
    this.data.unwritten.grant = { runnerId, leaseMs };
    if (before === this.data.lifecycle) this.changed();
    else this.status('runner-claim-accepted', { runnerId, attempt: this.attempt });
  }

  /**
   * Takes what was sent to the session: into the live turn, else as a further turn; what a task sends is a turn of its own always. A
   * repeat changes nothing.
   */
  acceptSend(
    { commandId, taskId }: Pick<SentCommand, 'commandId' | 'taskId'>,
    leaseOver: SendToSession['leaseOver'],
  ): void {
    const { lifecycle, leaseDoubt, commands } = this.data;
    const isOver = leaseOver?.runId === this.input.runId && leaseOver.attempt === lifecycle.attempt;
    const isLive = !isOver && leaseDoubt !== lifecycle.attempt;
    const turn = commands.find((command) => command.lifecycle.type === 'turn' && isTaken(this.data, command));
    const decision = isLive && turn !== undefined && taskId === undefined ? 'steer' : 'turn';
    const activeBefore = turn && {
      commandId: turn.id,
      commandState: turn.lifecycle.state,
      runStatus: lifecycle.status,
    };
    const startedRun = this.input.startedFor === commandId;
    const send = { decision, activeBefore: activeBefore ?? null, ...(startedRun && { startedRun }) } as const;
    this.addCommand(commandId, decision, { send, taskId });
  }

  /** Whether it was added before: adding it again changes nothing. */
  knows(id: string): boolean {
    return this.known(id) !== undefined;
  }

  addCommand(id: string, type: CommandType, from: CommandOrigin = {}): number {
    if (this.terminal) throw this.terminalRefusal();
    const known = this.known(id);
    if (known !== undefined) return known.seq;
    const seq = this.data.lastCommandSeq + 1;
    const { payloadOf = null, send, taskId } = from;
    const base = { threadId: null, turnId: null, acknowledgedAtMs: null, activeAtMs: null, cancel: null };
    this.data.lastCommandSeq = seq;
    this.data.added = [...this.data.added, { id, seq }].slice(-REMEMBERED_COMMANDS);
    if (this.data.forgotten !== undefined) this.data.forgotten = this.data.forgotten.filter((other) => other !== id);
    this.data.quietSinceMs = null;
    const given = { ...(send && { send }), ...(taskId !== undefined && { taskId }) };
    this.data.commands.push({ id, seq, lifecycle: newCommand(type), payloadOf, ...base, ...given });
    this.write(this.command(id));
    this.changed();
    return seq;
  }

  ackCommand(id: string, threadId: string | undefined): void {
    const command = this.command(id);
    // Refuse before anything changes: nobody can have taken a turn of a run that nobody holds.
    if (command.lifecycle.type === 'turn') this.move({ type: 'turn-acknowledged' });
    if (threadId !== undefined) this.data.threadId = threadId;
    const changed = this.moveCommand(command, { type: 'acknowledged', attempt: this.attempt });
    if (!changed) return;
    command.threadId = threadId ?? command.threadId;
    command.acknowledgedAtMs = Date.now();
    command.activeAtMs = null;
    this.write(command);
  }

  /** Ends a command; a steer that came too late becomes the next turn, and a turn may end its run. */
  finishCommand(message: FinishCommand): void {
    const command = this.command(message.commandId);
    if (message.threadId !== undefined) this.data.threadId = message.threadId;
    command.threadId = message.threadId ?? command.threadId;
    command.turnId = message.turnId ?? command.turnId;
    const unwanted = this.data.cancel !== null || command.cancel !== null;
    const handsOn = message.tooLate === true && command.lifecycle.type === 'steer' && !unwanted;
    const supersededBy = handsOn ? handedOnCommandId(command.id) : null;
    this.endCommand(command, handsOn ? CANCELLED : message.outcome, supersededBy);
    if (supersededBy !== null) this.addCommand(supersededBy, 'turn', { payloadOf: command.id });
  }

  /** Ends a command nobody works on; marks one that a live runner has taken, and answers false. */
  cancelCommand(id: string, reason: NoteRef | null, outcome?: Outcome): boolean {
    const command = this.command(id);
    if (!isTaken(this.data, command)) {
      this.endCommand(command, outcome ?? { ...CANCELLED, message: reason }, null);
      return true;
    }
    if (command.cancel === null) {
      command.cancel = { atMs: Date.now(), reason, ...(outcome && { outcome }) };
      this.status('cancel-requested', { commandId: id });
      this.write(command);
    }
    return false;
  }

  /** Ends a run that no runner holds; marks one that is held, and answers false. */
  cancelRun(reason: NoteRef | null): boolean {
    if (this.terminal) throw this.terminalRefusal();
    if (this.data.lifecycle.claimedBy === null) {
      this.data.cancel ??= { atMs: Date.now(), reason };
      this.end({ ...CANCELLED, message: reason });
      return true;
    }
    if (this.data.cancel === null) {
      this.data.cancel = { atMs: Date.now(), reason };
      this.status('cancel-requested', {});
    }
    return false;
  }

  /**
   * Ends the run by its runner's or an operator's word. An operator's is final and cancels what is open; what a runner could not
   * do fails with the run.
   * @throws RunRefused `newer-command` when a turn or steer came that the runner has not seen.
   */
  finish(outcome: Outcome, { byRunner, lastCommandSeq }: { byRunner: boolean; lastCommandSeq?: number }): void {
    const unseen = this.data.commands.find(
      (command) => command.seq > (lastCommandSeq ?? Infinity) && command.lifecycle.type !== 'interrupt',
    );
    if (unseen !== undefined && this.data.cancel === null) {
      throw new RunRefused('newer-command', { commandId: unseen.id, seq: unseen.seq });
    }
    const failedUnderThem = byRunner && (outcome.status === 'failed' || outcome.status === 'blocked');
    this.end(outcome, failedUnderThem ? outcome : CANCELLED);
  }

  /** Gives up the live attempt. Open commands stay open for the next one, or end with the run if there is none. */
  lose(loss: Loss): void {
    const { attempt, claimedBy, maxAttempts } = this.data.lifecycle;
    const { sentence, whenExhausted } = describeLoss(loss, attempt);
    const willRetry = attempt < maxAttempts && this.data.cancel === null && !isFinal(loss);
    this.status('attempt-lost', { attempt, runnerId: claimedBy, reason: loss.why, message: sentence, willRetry });
    if (this.data.cancel !== null) return this.end({ ...CANCELLED, message: this.data.cancel.reason });
    if (!willRetry) return this.endExhausted(whenExhausted);
    this.move({ type: 'attempt-lost', whenExhausted });
    const { job, unwritten } = this.data;
    // A claim that was not written yet must not give the next attempt to this runner.
    unwritten.grant = null;
    if (job.launchedFor === attempt) job.stopFirst = attempt;
    job.notBeforeMs = Date.now() + backoffBeforeAttempt(this.attempt, this.input.policy);
    job.exited = null;
    this.data.waitingSinceMs = Date.now();
    this.data.leaseDoubt = null;
    for (const command of this.data.commands) command.activeAtMs = null;
    this.dropCancelledCommands();
    this.endNeedlessInterrupts();
  }

  /** Ends the run. Open commands end `cancelled`, or as given where the run failed under them. */
  end(outcome: Outcome, ofCommands: Outcome = CANCELLED): void {
    this.move({ type: 'ended', outcome });
    this.data.unwritten.grant = null;
    for (const command of [...this.data.commands]) this.endCommand(command, ofCommands, null);
    this.emit('terminal_status', {
      terminalStatus: outcome.status,
      failureKind: outcome.failureKind,
      attempt: this.attempt,
    });
  }

  /** No attempt is left: what was under way fails with the run; between turns nothing was, and the last turn's word stands. */
  private endExhausted(whenExhausted: Outcome): void {
    const { commands, lastTurn } = this.data;
    if (commands.length === 0 && lastTurn !== null) this.end(lastTurn);
    else this.end(whenExhausted, whenExhausted);
  }

  private endCommand(command: LiveCommand, outcome: Outcome, supersededBy: string | null): void {
    const mark = command.cancel;
    // What was asked to stop and did stop was cancelled, whatever word the backend has for it.
    const stopped = mark && (mark.outcome ?? { ...CANCELLED, message: mark.reason });
    const ended = stopped !== null && outcome.status !== 'completed' ? stopped : outcome;
    this.moveCommand(command, { type: 'ended', outcome: ended });
    this.data.commands = this.data.commands.filter((other) => other !== command);
    if (command.lifecycle.type === 'turn') this.data.lastTurn = ended;
    if (this.data.commands.length === 0) this.data.quietSinceMs = Date.now();
    this.leaveWord(command, ended);
    this.data.unwritten.commands.push({ ...commandSnapshot(command), supersededBy, finishedAtMs: Date.now() });
    const { status, failureKind } = ended;
    const told = { commandId: command.id, commandType: command.lifecycle.type, terminalStatus: status, failureKind };
    this.status('command-terminal', supersededBy === null ? told : { ...told, supersededBy });
    if (supersededBy !== null || !isWork(command)) return;
    this.endNeedlessInterrupts();
    this.endWithTurn();
  }

  /** Nobody holds the run, and nothing waits to be done: an interrupt that stayed open would only keep the run open. */
  endNeedlessInterrupts(): void {
    const { lifecycle, commands } = this.data;
    if (!this.writingWithJobs || this.terminal || lifecycle.claimedBy !== null || commands.some(isWork)) return;
    for (const command of commands.filter(({ cancel }) => cancel === null))
      this.endCommand(command, NOTHING_TO_STOP, null);
  }

  /** Somebody may have sent more to the session meanwhile: that is done first, also where it was a steer that nobody handed on. */
  private endWithTurn(): void {
    const { commands, lastTurn } = this.data;
    const isOver = this.input.endsWithTurn && lastTurn !== null && !commands.some(isWork);
    if (isOver && !this.terminal) this.end(lastTurn);
  }

  private leaveWord({ id: commandId, taskId }: LiveCommand, outcome: Outcome): void {
    if (taskId === undefined) return;
    this.data.untold = [...(this.data.untold ?? []), { taskId, runId: this.input.runId, commandId, outcome }];
  }

  /** Tasks know of these ends. */
  told(ended: readonly CommandEnded[]): void {
    this.data.untold = this.data.untold?.filter((one) => !ended.includes(one));
  }

  /** Goes on as if a command that nobody wrote down had never come, nor one that was made of it. Answers whether there was one. */
  forget(id: string): boolean {
    const { data } = this;
    const isIt = (command: { id: string; payloadOf: string | null }) => [command.id, command.payloadOf].includes(id);
    const forgotten = [...data.unwritten.commands, ...data.commands].filter(isIt).map((command) => command.id);
    if (forgotten.length === 0) return false;
    data.forgotten = [...new Set([...(data.forgotten ?? []), ...forgotten])].slice(-REMEMBERED_COMMANDS);
    data.unwritten.commands = data.unwritten.commands.filter((command) => !isIt(command));
    data.commands = data.commands.filter((command) => !isIt(command));
    data.added = data.added.filter((command) => !forgotten.includes(command.id));
    if (data.commands.length === 0) data.quietSinceMs ??= Date.now();
    this.changed();
    return true;
  }

  isForgotten(id: string): boolean {
    return this.data.forgotten?.includes(id) ?? false;
  }

  terminalRefusal(): RunRefused {
    return new RunRefused('run-terminal', { status: this.data.lifecycle.status });
  }

  /** A change that the read model must learn. */
  changed(): void {
    this.data.version += 1;
  }

  /** A change that no reader sees. An earlier release wrote it down all the same. */
  changedWithin(): void {
    if (!this.sparing) this.changed();
  }

  private dropCancelledCommands(): void {
    for (const command of this.data.commands.filter((open) => open.cancel !== null)) {
      // The end of one may have been the run's, and so of all.
      if (this.data.commands.includes(command)) this.endCommand(command, CANCELLED, null);
    }
  }

  private known(id: string): { readonly seq: number } | undefined {
    return [...this.data.added, ...this.data.commands].find((command) => command.id === id);
  }

  private write(command: LiveCommand): void {
    this.data.unwritten.commands.push(commandSnapshot(command));
  }

  private status(phase: string, payload: Record<string, unknown>): void {
    this.emit('backend_status', { phase, ...payload });
  }

  private emit(type: EventType, payload: Record<string, unknown>): void {
    this.data.eventNumber += 1;
    this.data.unwritten.events.push({ number: this.data.eventNumber, type, payload });
    this.changed();
  }

  private move(event: RunEvent): void {
    const next = transitionRun(this.data.lifecycle, event);
    if (!next.ok)
      throw next.refusal === 'run-terminal' ? this.terminalRefusal() : transitionRefusal(next.refusal, this.data);
    if (next.run === this.data.lifecycle) return;
    this.data.lifecycle = next.run;
    this.changed();
  }

  private moveCommand(command: LiveCommand, event: CommandEvent): boolean {
    const next = transitionCommand(command.lifecycle, event);
    if (!next.ok) throw new RunRefused('command-terminal', { commandId: command.id, state: command.lifecycle.state });
    command.lifecycle = next.command;
    if (next.changed) this.changed();
    return next.changed;
  }
}
