import { condition, workflowInfo } from '@temporalio/workflow';
import type { RunInput } from '../../src/domain/run-messages.js';
import { records } from './activities.js';
import { present } from './presentation.js';
import { nothingUnwritten } from './run-data.js';
import type { RunState } from './run-state.js';
import { runSnapshot } from './snapshot.js';

/**
 * Writes the run's state to the read model, one snapshot at a time and in order. Changes that come while one is being written
 * go into the next, so a burst of messages costs two statements.
 */
export class Projection {
  /** Another execution owns the run: this one was started by a repeated request after the first had ended. */
  foreign = false;
  private writing = false;
  private writtenVersion = 0;

  constructor(
    private readonly input: RunInput,
    private readonly run: RunState,
  ) {}

  /** Resolves when all that is decided so far can be read. */
  async flush(): Promise<void> {
    const wanted = this.run.data.version;
    while (this.writtenVersion < wanted && !this.foreign) {
      if (this.writing) await condition(() => !this.writing);
      else await this.write();
    }
  }

  get idle(): boolean {
    return !this.writing && (this.foreign || this.writtenVersion === this.run.data.version);
  }

  private async write(): Promise<void> {
    this.writing = true;
    const snapshot = runSnapshot(this.input, this.run.data, workflowInfo().firstExecutionRunId);
    this.run.data.unwritten = nothingUnwritten();
    present(this.input, this.run.data);
    try {
      const result = await records.projectRun(snapshot);
      this.foreign = result === 'foreign';
      this.writtenVersion = snapshot.version;
    } finally {
      this.writing = false;
    }
  }
}
