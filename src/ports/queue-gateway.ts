import type {
  BudgetExceeded,
  CancelTask,
  CommandEnded,
  SlotWanted,
  TaskInput,
  ToTask,
} from '../domain/task-messages.js';

/**
 * The only way to the workflows of tasks and queues. A method resolves when the workflow has decided and its projection is written.
 * @throws TaskRefused `task-over` when the task has ended; unavailable('temporal') within about 1.5 s when Temporal is down, and after 10 s
 * without an answer. Every method may be repeated.
 */
export interface QueueGateway {
  /** Starts the task's workflow; does nothing where it was started before. */
  openTask(input: TaskInput): Promise<void>;
  /** Lets the task begin, or begin again where it has ended: then `input.after` says where it goes on. */
  dispatchTask(input: TaskInput): Promise<void>;
  cancelTask(message: CancelTask): Promise<void>;
  /** The task looks at what became of its attempt. */
  refreshTask(message: ToTask): Promise<void>;
  /** The queue asks the records for its settings again. */
  queueChanged(queue: string): Promise<void>;
}

/** What activities tell tasks and queues. `gone`: there is no such workflow, or it has ended. */
export interface QueueSignals {
  wantSlot(queue: string, message: SlotWanted): Promise<void>;
  /** The queue asks the records; one whose workflow is gone begins again. */
  tendQueue(queue: string): Promise<void>;
  budgetExceeded(message: BudgetExceeded): Promise<'told' | 'gone'>;
  commandEnded(message: CommandEnded): Promise<'told' | 'gone'>;
  /** Of these, the tasks that have no workflow that lives. */
  findGoneTasks(taskIds: readonly string[]): Promise<string[]>;
}
