import type { TaskRecord } from '../../../contract/task.js';
import type { CliContext } from '../../context.js';
import { tabSeparated } from '../../table.js';
import { taskName, taskWord } from '../../task-words.js';

/** A task as the commands that change it answer it; `instead` is what is said in place of its state. */
export function tellTask(
  { screen, program }: CliContext,
  task: TaskRecord,
  { json, instead }: { json: boolean; instead?: string },
): void {
  if (json) return screen.data(JSON.stringify(task));
  if (!screen.out.isTerminal) return screen.data(tabSeparated([[task.id, task.state, task.phase, task.queue]]));
  const { bold, dim } = screen.out.colors;
  const name = task.title === null ? '' : `  ${taskName(task)}`;
  screen.data(`${instead === undefined ? taskWord(task, screen.out.colors) : dim(instead)}  ${bold(task.id)}${name}`);
  for (const [verb, why] of nextVerbs(task)) screen.hint(dim(`  ${program} task ${verb} ${task.id}   ${why}`));
}

function nextVerbs({ state, phase }: TaskRecord): [verb: string, why: string][] {
  if (state !== 'pending' && state !== 'running') return [['show', 'what came of it']];
  return [
    ...(phase === 'waiting-for-dispatch' ? ([['dispatch', 'let it begin']] as [string, string][]) : []),
    ['watch', 'follow it'],
    ['show', 'where it is, and why'],
    ...(phase === 'cancelling' ? [] : ([['cancel', 'end it']] as [string, string][])),
  ];
}
