import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  BudgetExceeded,
  CancelTask,
  CommandEnded,
  SlotGranted,
  TaskStateView,
  ToTask,
} from '../../src/domain/task-messages.js';

/** The messages of `queueTaskWorkflow`. An update that is refused fails with one of `TASK_REFUSALS` as its type. */

export const openTaskUpdate = defineUpdate<void, [ToTask]>('openTask');
/** Update-with-Start: a task that has ended begins again under the same id. */
export const dispatchTaskUpdate = defineUpdate<void, [ToTask]>('dispatchTask');
export const cancelTaskUpdate = defineUpdate<void, [CancelTask]>('cancelTask');
export const refreshTaskUpdate = defineUpdate<void, [ToTask]>('refreshTask');

export const slotGrantedSignal = defineSignal<[SlotGranted]>('slotGranted');
export const commandEndedSignal = defineSignal<[CommandEnded]>('commandEnded');
export const budgetExceededSignal = defineSignal<[BudgetExceeded]>('budgetExceeded');

export const taskStateQuery = defineQuery<TaskStateView>('taskState');
