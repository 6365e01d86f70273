import { condition, workflowInfo } from '@temporalio/workflow';
import type { TaskInput } from '../../src/domain/task-messages.js';
import { taskRecords } from './activities.js';
import { presentTask } from './presentation.js';
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

  private async write(): Promise<void> {
    this.writing = true;
    const { data } = this.task;
    const snapshot = taskSnapshot(this.input, data, workflowInfo().firstExecutionRunId);
    presentTask(this.input, data);
    try {
      this.foreign = (await taskRecords.projectTask(snapshot)) === 'foreign';
      this.writtenVersion = snapshot.version;
      data.unwritten = data.unwritten.filter((attempt) => !snapshot.attempts.includes(attempt));
    } finally {
      this.writing = false;
    }
  }
}
