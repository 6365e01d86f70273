import { defineSignal } from '@temporalio/workflow';
import type { TaskEnded } from '../../src/domain/task-messages.js';

/** A task whose input has `reportTo` tells that workflow so when it ends. */
export const taskEndedSignal = defineSignal<[TaskEnded]>('taskEnded');
