import type { Tool } from '../tool.js';
import { cancelSession } from './cancel-session.js';
import { cancelTask } from './cancel-task.js';
import { createTask } from './create-task.js';
import { explainRun } from './explain-run.js';
import { getTask } from './get-task.js';
import { listTasks } from './list-tasks.js';
import { markTaskRead } from './mark-task-read.js';
import { readSession } from './read-session.js';
import { sendToSession } from './send-to-session.js';
import { waitForSession } from './wait-for-session.js';
import { waitForTask } from './wait-for-task.js';

/** In the order in which agents see them. */
export const TOOLS: readonly Tool[] = [
  createTask,
  waitForTask,
  getTask,
  listTasks,
  markTaskRead,
  cancelTask,
  sendToSession,
  waitForSession,
  readSession,
  cancelSession,
  explainRun,
];
