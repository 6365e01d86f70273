import type { TaskSummary } from '../../contract/task.js';
import { ATTENTION_STATES } from '../../domain/attention.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { taskName } from '../task-words.js';

/** Where on the board a task stands: what waits for a person comes first. */
export const GROUPS = ['needs-you', 'running', 'waiting', 'recent'] as const;
export type Group = (typeof GROUPS)[number];

export interface Row {
  readonly group: Group;
  readonly task: TaskSummary;
  /** It is no longer told of: shown as it was last, where it was. */
  readonly isGone: boolean;
}

const PRESSING = new Set(['needs-input', 'failed', 'blocked', 'stalled']);

/** Tasks in the order in which a person should see them. Pure. */
export function rowsOf(tasks: readonly TaskSummary[]): Row[] {
  return GROUPS.flatMap((group) =>
    tasks
      .filter((task) => groupOf(task) === group)
      .sort(ORDERS[group])
      .map((task) => ({ group, task, isGone: false })),
  );
}

function groupOf(task: TaskSummary): Group {
  if (PRESSING.has(task.attentionState)) return 'needs-you';
  if (task.state === 'running') return 'running';
  if (task.state === 'pending') return 'waiting';
  return task.active ? 'running' : 'recent';
}

/** Since when it is where it is: working, waiting, or over. ISO 8601. */
export function sinceOf(task: TaskSummary): string {
  if (isTerminalStatus(task.state)) return task.finishedAt ?? task.updatedAt;
  if (task.state === 'pending') return task.createdAt;
  return task.latestAttempt?.startedAt ?? task.dispatchedAt ?? task.createdAt;
}

type Order = (one: TaskSummary, other: TaskSummary) => number;

const byTime = (one: string, other: string) => Date.parse(one) - Date.parse(other);
/** Of the same time the same order at each look. */
const byId: Order = (one, other) => (one.id < other.id ? -1 : 1);
const longestFirst: Order = (one, other) => byTime(sinceOf(one), sinceOf(other)) || byId(one, other);

const ORDERS: Record<Group, Order> = {
  'needs-you': (one, other) => rankOf(one) - rankOf(other) || longestFirst(one, other),
  running: longestFirst,
  // As the queue takes them; those that wait for something else come after, the next to go on first.
  waiting: (one, other) =>
    waitRank(one) - waitRank(other) ||
    (one.phase === 'waiting-for-slot' ? other.priority - one.priority : 0) ||
    byTime(one.waitingUntil ?? one.createdAt, other.waitingUntil ?? other.createdAt) ||
    byId(one, other),
  recent: (one, other) => byTime(sinceOf(other), sinceOf(one)) || byId(one, other),
};

/** The states stand in the order in which they press. */
function rankOf({ attentionState }: TaskSummary): number {
  return ATTENTION_STATES.indexOf(attentionState);
}

function waitRank({ phase }: TaskSummary): number {
  if (phase === 'waiting-for-slot') return 0;
  return phase === 'waiting-for-dispatch' ? 2 : 1;
}

/** Every word of the filter stands somewhere in what the row is called by. */
export function matches({ task }: Row, filter: string): boolean {
  const { id, queue, tenantId, projectId, backendProfile, state, phase, attentionState, failureKind } = task;
  const all = [
    taskName(task),
    id,
    queue,
    tenantId,
    projectId,
    backendProfile,
    state,
    phase,
    attentionState,
    failureKind,
  ];
  const text = all.join(' ').toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** The rows where they are, each with what is known of it now. */
export function renewed(rows: readonly Row[], tasks: readonly TaskSummary[]): Row[] {
  const byTask = new Map(tasks.map((task) => [task.id, task]));
  return rows.map((row) => {
    const task = byTask.get(row.task.id);
    return task === undefined ? { ...row, isGone: true } : { ...row, task, isGone: false };
  });
}

/** How the rows that are held differ from those that there would be. */
export interface Held {
  readonly added: number;
  readonly moved: number;
  /** Of both, those that somebody has to do something about. */
  readonly needYou: number;
}

export function heldBack(held: readonly Row[], fresh: readonly Row[]): Held {
  const groups = new Map(held.map(({ task, group }) => [task.id, group]));
  const added = fresh.filter(({ task }) => !groups.has(task.id));
  const moved = fresh.filter(({ task, group }) => groups.has(task.id) && groups.get(task.id) !== group);
  const needYou = [...added, ...moved].filter(({ group }) => group === 'needs-you').length;
  return { added: added.length, moved: moved.length, needYou };
}
