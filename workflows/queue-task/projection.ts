import { condition, workflowInfo } from '@temporalio/workflow';
import type { ProjectionResult } from '../../src/domain/run-snapshot.js';
import type { TaskInput } from '../../src/domain/task-messages.js';
import { taskRecords } from './activities.js';
import { presentTask } from './presentation.js';
import type { TaskSnapshot } from '../../src/domain/task-snapshot.js';
import { taskSnapshot } from './snapshot.js';
import type { TaskState } from './task-state.js';

/** Writes the task's state to the read model, one snapshot at a time and in order. */
export class TaskProjection {
  /** Another execution owns the task: this one was started by a repeated request after the first had ended. */
  foreign = false;
  private writing = false;
  private writtenVersion = 0;

  constructor(
    private readonly input: TaskInput,
    private readonly task: TaskState,
  ) {}

  get upToDate(): boolean {
    return this.foreign || this.writtenVersion === this.task.data.version;
  }

  /** Resolves when all that is decided so far can be read. */
  async flush(): Promise<void> {
    const wanted = this.task.data.version;
    while (this.writtenVersion < wanted && !this.foreign) {
      if (this.writing) await condition(() => !this.writing);
      else await this.write();
    }
  }

  /** What is to be written first by other work of the workflow's. */
  carry(): TaskSnapshot {
    presentTask(this.input, this.task.data);
    return taskSnapshot(this.input, this.task.data, workflowInfo().firstExecutionRunId);
  }

  /** That work is done; `result` is nothing where a worker of an earlier release did it, which leaves it to be written. */
  carried(snapshot: TaskSnapshot | undefined, result: ProjectionResult | undefined): void {
    if (snapshot !== undefined && result !== undefined) this.seeWritten(snapshot, result);
  }

  private async write(): Promise<void> {
    this.writing = true;
    const snapshot = this.carry();
    try {
      this.seeWritten(snapshot, await taskRecords.projectTask(snapshot));
    } finally {
      this.writing = false;
    }
  }

  private seeWritten(snapshot: TaskSnapshot, result: ProjectionResult): void {
    const { data } = this.task;
    this.foreign ||= result === 'foreign';
    this.writtenVersion = Math.max(this.writtenVersion, snapshot.version);
    data.unwritten = data.unwritten.filter((attempt) => !snapshot.attempts.includes(attempt));
  }
}
