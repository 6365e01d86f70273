import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { addQueueBudget } from './queue/budget.js';
import { addQueueList } from './queue/list.js';
import {
  addQueueAutoDispatch,
  addQueueLimit,
  addQueuePause,
  addQueueResume,
  addQueueWeights,
} from './queue/settings.js';
import { addQueueStats } from './queue/stats.js';

export function addQueueCommands(program: Command, context: CliContext): void {
  const queue = program.command('queue').description('see how queues do, and say how many of their tasks run at once');
  addQueueList(queue, context);
  addQueueStats(queue, context);
  addQueueLimit(queue, context);
  addQueuePause(queue, context);
  addQueueResume(queue, context);
  addQueueWeights(queue, context);
  addQueueAutoDispatch(queue, context);
  addQueueBudget(queue, context);
}
