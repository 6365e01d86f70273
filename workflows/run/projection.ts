import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { condition, isCancellation, patched, workflowInfo } from '@temporalio/workflow';
import { RunRefused } from '../../src/domain/refusals.js';
import type { RunInput } from '../../src/domain/run-messages.js';
import { records } from './activities.js';
import { present } from './presentation.js';
import { nothingUnwritten, putBack } from './run-data.js';
import type { RunState } from './run-state.js';
import { runSnapshot } from './snapshot.js';
import { uncancelled } from './uncancelled.js';

/** Before this a snapshot that could not be written was lost. */
const PUT_BACK = 'unwritten-is-put-back';

/**
 * Writes the run's state to the read model, one snapshot at a time and in order. Changes that come while one is being written
 * go into the next, so a burst of messages costs two statements.
 */
export class Projection {
  /** Another execution owns the run: this one was started by a repeated request after the first had ended. */
  foreign = false;
  private writing = false;
  private writtenVersion = 0;
  /** Commands that could not be shown, and are forgotten. */
  private readonly forgotten = new Set<string>();

  constructor(
    private readonly input: RunInput,
    private readonly run: RunState,
  ) {}

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

  get idle(): boolean {
    return !this.writing && (this.foreign || this.writtenVersion === this.run.data.version);
  }

  /** @throws RunRefused where nobody had written the command down, so that it could not be taken. */
  assertShown(commandId: string): void {
    if (this.forgotten.has(commandId)) throw new RunRefused('command-unknown', { commandId });
  }

  private async write(): Promise<void> {
    this.writing = true;
    const carried = this.run.data.unwritten;
    const snapshot = runSnapshot(this.input, this.run.data, workflowInfo().firstExecutionRunId);
    this.run.data.unwritten = nothingUnwritten();
    present(this.input, this.run.data);
    try {
      const result = await records.projectRun(snapshot);
      this.foreign = result === 'foreign';
      this.writtenVersion = snapshot.version;
    } catch (error) {
      if (!patched(PUT_BACK)) throw error;
      putBack(this.run.data, carried, snapshot.attempt);
      if (!this.forgetCommandOf(error)) throw error;
    } finally {
      this.writing = false;
    }
  }

  /** One command that has no record must not keep all the others, and the run, from theirs. False where it is not about one. */
  private forgetCommandOf(error: unknown): boolean {
    const missing = missingCommand(error);
    const forgotten = missing === undefined ? [] : this.run.forget(missing);
    for (const commandId of forgotten) this.forgotten.add(commandId);
    return forgotten.length > 0;
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
