import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { condition, isCancellation, patched, workflowInfo } from '@temporalio/workflow';
import { RunRefused } from '../../src/domain/refusals.js';
import type { FromSender, RunInput } from '../../src/domain/run-messages.js';
import type { CarriedResult, RunSnapshot } from '../../src/domain/run-snapshot.js';
import { looks, records } from './activities.js';
import { present } from './presentation.js';
import type { RunState } from './run-state.js';
import { dropWritten, takeSnapshot } from './snapshot.js';
import { uncancelled } from './uncancelled.js';

/** Before this a snapshot that could not be written was lost. */
const PUT_BACK = 'unwritten-is-put-back';

/** Before this it was looked for again and again while what carried it was under way: without end where the records were away. */
const WAITS_FOR_CARRIER = 'waits-for-what-carries-it';

/** Every snapshot, and so every answer, carries what is not known to be written: with more than this it is written first. */
const MOST_UNWRITTEN = 20;

/**
 * Has the run's state written to the read model. What a message decided its sender writes, from the snapshot in the answer; a while
 * later the workflow looks whether it did, and writes it where the sender died: so a burst of messages costs one activity. What the
 * workflow decided by itself it writes at once, one snapshot at a time.
 */
export class Projection {
  /** Another execution owns the run: this one was started by a repeated request after the first had ended. */
  foreign = false;
  private writing = false;
  private writtenVersion = 0;
  /** The newest that is left to senders; the first to whoever started the workflow, and is answered. */
  private leftVersion: number;
  /** A look at what senders wrote is under way; it is over in seconds, whatever happens. */
  looking = false;
  /** A look has not found what was left before it began. */
  private isOverdue = false;
  /** The newest that is being written along with other work. */
  private carriedVersion = 0;
  /** A look has not found that; the work says itself what became of it. */
  private awaitsCarrier = false;
  constructor(
    private readonly input: RunInput,
    private readonly run: RunState,
  ) {
    this.leftVersion = run.data.version;
  }

  /** Resolves when all that is decided so far can be read. */
  async flush(): Promise<void> {
    const wanted = this.run.data.version;
    while (this.writtenVersion < wanted && !this.foreign) {
      try {
        await uncancelled(() => (this.writing ? condition(() => !this.writing) : this.write()));
      } catch (error) {
        // A cancel in Temporal came between: what is decided is written all the same.
        if (!isCancellation(error) || !patched(PUT_BACK)) throw error;
      }
    }
  }

  /** Resolves at once with the snapshot that the sender shall write, else when all that is decided can be read. */
  async leave({ senderWrites }: FromSender): Promise<{ readonly snapshot?: RunSnapshot }> {
    if (senderWrites !== true || !this.run.sparing) {
      await this.flush();
      return {};
    }
    // Asked again: others have said more meanwhile.
    while (this.isFull && !this.isWritten) await this.flush();
    if (this.isWritten) return {};
    this.leftVersion = this.run.data.version;
    present(this.input, this.run.data);
    return { snapshot: this.snapshot() };
  }

  /** What is to be written along with other work of the workflow's; undefined where all is, or an earlier release began the execution. */
  carry(): RunSnapshot | undefined {
    if (!this.run.writingWithJobs || this.isWritten) return undefined;
    present(this.input, this.run.data);
    const snapshot = this.snapshot();
    this.carriedVersion = snapshot.version;
    return snapshot;
  }

  /** That work is over, `result` being what it says of the snapshot: nothing, where it failed or a worker of an earlier release did it. */
  carried({ version }: RunSnapshot, result: CarriedResult | undefined): void {
    this.carriedVersion = 0;
    if (this.awaitsCarrier) this.isOverdue = this.awaitsCarrier = false;
    this.foreign ||= result === 'foreign';
    if (result !== undefined && result !== 'refused') this.seeWritten(version);
  }

  /** Whether a snapshot is being written by an activity that does nothing else. */
  get isWriting(): boolean {
    return this.writing;
  }

  /** Whether it has to be flushed, and not left any longer. */
  get isDue(): boolean {
    if (this.isWritten || this.isCarried) return false;
    // A session's run may be one that ended before: nothing may be sent to it then.
    const isUnowned = !this.owned && this.carriedVersion === 0 && this.input.sessionId !== null;
    return isUnowned || this.isFull || this.isOverdue || this.leftVersion < this.run.data.version;
  }

  /** Whether something is left to senders that nobody looks after. */
  get isUnseen(): boolean {
    return !this.isWritten && !this.looking && !(this.isCarried && this.awaitsCarrier);
  }

  /** Begins to look, a while from now, whether senders have written what was left to them. */
  look(): void {
    if (!this.isUnseen) return;
    this.looking = true;
    void this.lookLater(this.run.data.version).finally(() => (this.looking = false));
  }

  /** Whether the run is this execution's, as far as is known. */
  get owned(): boolean {
    return this.writtenVersion > 0;
  }

  /** Nothing is being written. What is left to write can be carried over, where all that is not written is in `data`. */
  get idle(): boolean {
    if (this.writing) return false;
    return this.run.sparing || this.foreign || this.writtenVersion === this.run.data.version;
  }

  /** @throws RunRefused where nobody had written the command down, so that it could not be taken. */
  assertShown(commandId: string): void {
    if (this.run.isForgotten(commandId)) throw new RunRefused('command-unknown', { commandId });
  }

  private get isWritten(): boolean {
    return this.foreign || this.writtenVersion >= this.run.data.version;
  }

  /** All that is decided is being written along with other work. */
  private get isCarried(): boolean {
    return this.carriedVersion >= this.run.data.version;
  }

  private get isFull(): boolean {
    const { commands, events } = this.run.data.unwritten;
    return commands.length + events.length > MOST_UNWRITTEN;
  }

  private snapshot(): RunSnapshot {
    return takeSnapshot(this.input, this.run.data, workflowInfo().firstExecutionRunId);
  }

  private async lookLater(wanted: number): Promise<void> {
    const { runId } = this.input;
    try {
      const executionId = workflowInfo().firstExecutionRunId;
      const { version } = await looks.readWrittenVersion({ runId, executionId, leftVersion: wanted });
      this.seeWritten(version);
      this.isOverdue = version < wanted;
    } catch {
      this.isOverdue = true;
    }
    if (this.isOverdue && this.isCarried) this.awaitsCarrier = patched(WAITS_FOR_CARRIER);
  }

  private seeWritten(version: number): void {
    if (version <= this.writtenVersion) return;
    this.writtenVersion = version;
    dropWritten(this.run.data, version);
  }

  private async write(): Promise<void> {
    this.writing = true;
    const snapshot = this.snapshot();
    present(this.input, this.run.data);
    try {
      const result = await records.projectRun(snapshot);
      this.foreign = result === 'foreign';
      this.seeWritten(snapshot.version);
      this.isOverdue = false;
    } catch (error) {
      if (!patched(PUT_BACK)) throw error;
      if (!this.forgetCommandOf(error)) throw error;
    } finally {
      this.writing = false;
    }
  }

  /** One command that has no record must not keep all the others, and the run, from theirs. False where it is not about one. */
  private forgetCommandOf(error: unknown): boolean {
    const missing = missingCommand(error);
    return missing !== undefined && this.run.forget(missing);
  }
}

/** The command that the records do not know, as their refusal names it. */
function missingCommand(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== 'schema-invalid') return undefined;
  const [details] = (cause.details ?? []) as readonly unknown[];
  const { command } = (details ?? {}) as { command?: unknown };
  return typeof command === 'string' ? command : undefined;
}
