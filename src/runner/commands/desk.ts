import type { CommandFinish, CommandList, CommandRecord } from '../../contract/command.js';
import { ApiError } from '../../client/http-client.js';
import { assertNever } from '../../domain/assert-never.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import type { TurnOutcome } from '../backends/backend.js';
import type { EventOutbox } from '../events/outbox.js';
import type { Log } from '../log.js';
import { isFenced, type RunApi } from '../run-api.js';
import { Turn, type TurnContext } from './turn.js';
import type { TurnJournal } from './turn-journal.js';

export interface CommandDeskOptions {
  readonly api: Pick<RunApi, 'ack' | 'finishCommand'>;
  readonly turns: TurnContext;
  readonly outbox: Pick<EventOutbox, 'flush'>;
  readonly journal: Pick<TurnJournal, 'find' | 'record'>;
  readonly threadId: string;
  readonly log: Log;
  /** A turn has ended and is reported. */
  readonly onTurnReported: () => Promise<void>;
  /** Nothing is left to do, after something was. */
  readonly onIdle: () => void;
  readonly onFault: (error: unknown) => void;
}

const CANCELLED: TurnOutcome = { status: 'cancelled', failureKind: 'cancelled', message: 'cancelled', turnId: null };
const NOTHING_RAN = 'no turn was running';
const INTERRUPTED: TurnOutcome = { ...CANCELLED, message: 'interrupted' };

/** How it is told to the manager, of a turn or of a run that ends as it did. */
export function finishAs({ status, failureKind, message }: TurnOutcome) {
  return { terminalStatus: status, failureKind, failureMessage: message };
}

/**
 * Takes commands in the order of their `seq`, each once: turns one after another; a steer and an interrupt at once,
 * into the turn that is live, or the one waiting to be. Whatever was said to a turn is reported before the turn's own
 * end is.
 */
export class CommandDesk {
  #highestSeq = 0;
  #lastOutcome: TurnOutcome | null = null;
  #live: Turn | null = null;
  #waiting: Turn[] = [];
  #working: Promise<void> | null = null;
  readonly #seen = new Set<string>();
  readonly #cancelled = new Set<string>();
  readonly #side = new Map<string, Promise<void>>();

  constructor(private readonly options: CommandDeskOptions) {}

  /** The newest command that was taken; 0 before the first. */
  get highestSeq(): number {
    return this.#highestSeq;
  }

  get lastOutcome(): TurnOutcome | null {
    return this.#lastOutcome;
  }

  get isIdle(): boolean {
    return this.#working === null && this.#side.size === 0;
  }

  /** Takes what is new in a list; commands seen before are passed over. */
  accept(list: Pick<CommandList, 'items' | 'cancelCommandIds'>): void {
    for (const command of list.items) {
      this.#highestSeq = Math.max(this.#highestSeq, command.seq);
      if (this.#seen.has(command.id)) continue;
      this.#seen.add(command.id);
      this.#take(command);
    }
    this.cancel(list.cancelCommandIds);
  }

  cancel(commandIds: readonly string[]): void {
    for (const id of commandIds) {
      this.#cancelled.add(id);
      if (this.#live?.command.id === id) this.#live.stop(CANCELLED);
      this.#waiting.find((turn) => turn.command.id === id)?.stop(CANCELLED);
    }
  }

  /** Ends everything as cancelled; resolves when it is reported. */
  async cancelAll(): Promise<void> {
    this.cancel([...this.#waiting, ...(this.#live ? [this.#live] : [])].map((turn) => turn.command.id));
    await this.settled();
  }

  /** Resolves when nothing that was taken is under way. */
  async settled(): Promise<void> {
    await Promise.all([this.#working, ...this.#side.values()]);
  }

  #take(command: CommandRecord): void {
    switch (command.type) {
      case 'turn':
        this.#waiting.push(new Turn(command, this.options.turns));
        this.#working ??= this.#work().catch(this.options.onFault);
        return;
      case 'steer':
        return this.#aside(command, this.#steer(command));
      case 'interrupt':
        return this.#aside(command, this.#interrupt(command));
      default:
        return assertNever(command.type);
    }
  }

  /** What goes on beside a turn, and is waited for before the turn is reported. */
  #aside(command: CommandRecord, work: Promise<void>): void {
    const done = work.catch(this.options.onFault).finally(() => {
      this.#side.delete(command.id);
      if (this.isIdle) this.options.onIdle();
    });
    this.#side.set(command.id, done);
  }

  #turnFor(command: CommandRecord): Turn | undefined {
    return this.#live ?? this.#waiting.find((turn) => turn.command.seq < command.seq);
  }

  /** One that names its turn is for no other: the turn after it is not stopped by whoever was late. */
  #turnToStop(command: CommandRecord): Turn | undefined {
    const { turnCommandId } = command.payload;
    if (turnCommandId === undefined) return this.#turnFor(command);
    return [this.#live, ...this.#waiting].find((turn) => turn?.command.id === turnCommandId) ?? undefined;
  }

  async #work(): Promise<void> {
    // Let the whole list be taken first: what it says to a turn should be known when the turn begins.
    await Promise.resolve();
    for (let turn = this.#waiting.shift(); turn && !this.#isOver; turn = this.#waiting.shift()) {
      this.#live = turn;
      await this.#drive(turn);
      this.#live = null;
    }
    this.#working = null;
    if (this.isIdle) this.options.onIdle();
  }

  async #drive(turn: Turn): Promise<void> {
    const { journal, outbox, onTurnReported, turns } = this.options;
    const { command } = turn;
    const outcome = journal.find(command.id) ?? (await this.#play(turn));
    turn.finish();
    if (this.#isOver || !outcome) return;
    if (outcome.status === 'cancelled') turns.status('turn-cancelled', { commandId: command.id });
    await Promise.all(this.#side.values());
    await outbox.flush();
    this.#lastOutcome = outcome;
    await this.#report(command, { ...finishAs(outcome), turnId: outcome.turnId });
    await onTurnReported();
  }

  /** Null when it was the manager's no, or is left to the next attempt. */
  async #play(turn: Turn): Promise<TurnOutcome | null> {
    const { api, journal, threadId } = this.options;
    const { command } = turn;
    if (turn.verdict) return turn.verdict;
    const acked = await this.#answered(command, () => api.ack(command.id, threadId));
    // Ended without us, for instance cancelled while it waited here.
    if (!acked || isTerminalStatus(acked.state)) return null;
    const outcome = await turn.play();
    // On the disk first: from here on this command is never run again.
    if (outcome) await journal.record(command.id, outcome).catch((error: unknown) => this.#notRecorded(command, error));
    return outcome;
  }

  /** A full disk must not keep the end of a turn from being told. */
  #notRecorded(command: CommandRecord, error: unknown): void {
    this.options.log.error({ commandId: command.id, err: error }, 'the end of a turn could not be recorded');
  }

  async #steer(command: CommandRecord): Promise<void> {
    const isCancelled = () => this.#cancelled.has(command.id);
    const turn = this.#turnFor(command);
    const result = turn ? await turn.steer(command, isCancelled) : 'too-late';
    if (this.#isOver) return;
    if (result === 'delivered') {
      this.options.turns.status('steer-delivered', { commandId: command.id, turnCommandId: turn?.command.id });
      await this.options.outbox.flush();
      return this.#report(command, { terminalStatus: 'completed' });
    }
    const finish = { terminalStatus: 'cancelled', failureKind: 'cancelled' } as const;
    await this.#report(command, isCancelled() ? finish : { ...finish, tooLate: true });
  }

  async #interrupt(command: CommandRecord): Promise<void> {
    const { turns, outbox } = this.options;
    const turn = this.#turnToStop(command);
    const facts = { commandId: command.id, turnCommandId: turn?.command.id };
    if (!turn) {
      const failureMessage = command.payload.turnCommandId === undefined ? NOTHING_RAN : 'that turn was not running';
      return this.#report(command, { terminalStatus: 'completed', failureMessage });
    }
    turns.status('turn/interrupt:requested', facts);
    turn.stop(INTERRUPTED);
    // One that waits for its turn is over when it comes to it, after the live one, which waits for this.
    if (turn === this.#live) await turn.over;
    if (this.#isOver) return;
    turns.status('turn/interrupt:done', facts);
    await outbox.flush();
    await this.#report(command, { terminalStatus: 'completed' });
  }

  async #report(command: CommandRecord, finish: CommandFinish): Promise<void> {
    if (this.#isOver) return;
    const { api, threadId } = this.options;
    await this.#answered(command, () => api.finishCommand(command.id, { ...finish, threadId }));
  }

  /** Undefined when the manager said no: the command has ended without us. */
  async #answered(command: CommandRecord, call: () => Promise<CommandRecord>): Promise<CommandRecord | undefined> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ApiError) || isFenced(error)) throw error;
      this.options.log.warn({ commandId: command.id, reason: error.message }, 'refused by the manager');
      return undefined;
    }
  }

  get #isOver(): boolean {
    return this.options.turns.scope.isOver;
  }
}
