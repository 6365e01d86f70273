import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { addTaskCancel } from './task/cancel.js';
import { addTaskCreate } from './task/create.js';
import { addTaskDispatch } from './task/dispatch.js';
import { addTaskList } from './task/list.js';
import { addTaskRead } from './task/read.js';
import { addTaskShow } from './task/show.js';
import { addTaskWatch } from './task/watch.js';

export function addTaskCommands(program: Command, context: CliContext): void {
  const task = program.command('task').description('hand agents work, to be done when its queue has room for it');
  addTaskCreate(task, context);
  addTaskList(task, context);
  addTaskShow(task, context);
  addTaskWatch(task, context);
  addTaskDispatch(task, context);
  addTaskCancel(task, context);
  addTaskRead(task, context);
}
