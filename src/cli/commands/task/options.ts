import { InvalidArgumentError, type Command } from 'commander';
import { idPattern } from '../../../domain/ids.js';
import { durationMs } from '../../durations.js';

const TASK_ID = new RegExp(idPattern('task'));
const UNITS = { '': 1, k: 1_000, M: 1_000_000 };

export const TASKS_PATH = '/api/v1/queue/tasks';

/** A route of one task. */
export function taskPath(id: string, part = ''): string {
  return `${TASKS_PATH}/${id}${part && `/${part}`}`;
}

/** A task's id, or the address of a page or a route that holds one. */
function taskId(given: string): string {
  const id = given.includes('/') ? (given.match(/task_[0-9a-z]+/)?.[0] ?? given) : given;
  if (!TASK_ID.test(id)) throw new InvalidArgumentError('A task id looks like task_0123456789abcdef….');
  return id;
}

export function addTaskIdArgument(command: Command): Command {
  return command.argument('<taskId>', 'the task', taskId);
}

/** Each once, in the order given. */
export function addTaskIdsArgument(command: Command): Command {
  const more = (given: string, before: readonly string[] = []) => [...new Set([...before, taskId(given)])];
  return command.argument('<taskId...>', 'the tasks', more);
}

/** `200000`, `200k`, `1.5M`. */
export function tokens(given: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([kM])?$/.exec(given) ?? [];
  const value = Number(number) * UNITS[unit as keyof typeof UNITS];
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Give a whole number: 200000, 200k, 2M.');
  return value;
}

/** An ISO 8601 time, or `+10m` from now on. */
export interface NotBefore {
  readonly at: string;
  /** It is another time whenever it is said. */
  readonly isRelative: boolean;
}

export function notBefore(given: string): NotBefore {
  if (given.startsWith('+')) {
    return { at: new Date(Date.now() + durationMs(given.slice(1))).toISOString(), isRelative: true };
  }
  const atMs = /^\d{4}-\d{2}-\d{2}/.test(given) ? Date.parse(given) : NaN;
  if (Number.isNaN(atMs)) throw new InvalidArgumentError('Give a time, as 2026-03-01T09:00:00Z, or +10m from now.');
  return { at: new Date(atMs).toISOString(), isRelative: false };
}
