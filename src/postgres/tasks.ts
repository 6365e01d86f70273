import type { TaskAttempt, TaskRecord } from '../contract/task.js';
import type { TenantScope } from '../ports/run-store.js';
import type { TaskFilter, TaskRow } from '../ports/task-store.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import type { Database } from './pool.js';
import { NO_READER } from './sessions.js';
import {
  ATTEMPT_COLUMNS,
  ATTEMPT_COMMAND,
  TASK_COLUMNS,
  toTaskAttempt,
  toTaskRecord,
  toTaskRow,
  type AttemptRow,
  type TaskColumns,
  type WholeTask,
} from './task-mapping.js';

/** `$1` is the reader. */
export const FROM_TASKS = `FROM tasks t
    LEFT JOIN task_attempts a ON a.task_id = t.id AND a.attempt = t.attempt
    ${ATTEMPT_COMMAND}
    LEFT JOIN task_readers m ON m.task_id = t.id AND m.reader_id = $1`;

const LIST = 'tasks';

const SELECT_WHOLE = `SELECT ${TASK_COLUMNS}, t.run, t.runner_job, t.payload ${FROM_TASKS}`;

export async function getDrafted(database: Database, taskId: string): Promise<TaskRow | undefined> {
  const { rows } = await database.query<WholeTask>(`${SELECT_WHOLE} WHERE t.id = $2`, [NO_READER, taskId]);
  return rows[0] && toTaskRow(rows[0]);
}

export async function getTask(
  database: Database,
  taskId: string,
  tenants: TenantScope,
  readerId = NO_READER,
): Promise<TaskRow | undefined> {
  const { rows } = await database.query<WholeTask>(
    `${SELECT_WHOLE} WHERE t.id = $2 AND t.opened_at IS NOT NULL AND ($3::text[] IS NULL OR t.tenant_id = ANY ($3))`,
    [readerId, taskId, tenants === 'all' ? null : tenants],
  );
  return rows[0] && toTaskRow(rows[0]);
}

export async function listTasks(
  database: Database,
  filter: TaskFilter,
): Promise<{ items: TaskRecord[]; nextCursor?: string }> {
  const { conditions, values } = where(filter);
  // One more than asked for tells whether a next page exists.
  values.push(filter.limit + 1);
  const { rows } = await database.query<TaskColumns>(
    `SELECT ${TASK_COLUMNS} ${FROM_TASKS} WHERE ${conditions.join(' AND ')}
     ORDER BY t.created_at DESC, t.id DESC LIMIT $${values.length}`,
    values,
  );
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  const items = page.map(toTaskRecord);
  if (last === undefined || rows.length === page.length) return { items };
  return { items, nextCursor: encodeCursor(LIST, { atMs: last.created_at.getTime(), id: last.id }) };
}

function where(filter: TaskFilter): { conditions: string[]; values: unknown[] } {
  const conditions = ['t.opened_at IS NOT NULL'];
  const values: unknown[] = [filter.readerId ?? NO_READER];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const time = (epochMs: number): string => `${parameter(new Date(epochMs).toISOString())}::timestamptz`;

  if (filter.tenants !== 'all') conditions.push(`t.tenant_id = ANY (${parameter(filter.tenants)}::text[])`);
  if (filter.queue !== undefined) conditions.push(`t.queue = ${parameter(filter.queue)}`);
  if (filter.state !== undefined) conditions.push(`t.state = ${parameter(filter.state)}`);
  if (filter.updatedAfterMs > 0) conditions.push(`t.updated_at > ${time(filter.updatedAfterMs)}`);
  if (filter.cursor !== undefined) {
    const after = decodeCursor(LIST, filter.cursor);
    conditions.push(`(t.created_at, t.id) < (${time(after.atMs)}, ${parameter(after.id)})`);
  }
  return { conditions, values };
}

export async function listAttempts(database: Database, taskId: string): Promise<TaskAttempt[]> {
  const { rows } = await database.query<AttemptRow>(
    `SELECT ${ATTEMPT_COLUMNS} FROM task_attempts a ${ATTEMPT_COMMAND} WHERE a.task_id = $1 ORDER BY a.attempt`,
    [taskId],
  );
  return rows.map(toTaskAttempt);
}

/** What comes after is unread again. */
export async function markTaskRead(database: Database, taskId: string, readerId: string): Promise<void> {
  await database.query(
    `INSERT INTO task_readers (task_id, reader_id, seen) SELECT t.id, $2, t.news FROM tasks t WHERE t.id = $1
     ON CONFLICT (reader_id, task_id) DO UPDATE SET seen = greatest(task_readers.seen, excluded.seen), read_at = now()`,
    [taskId, readerId],
  );
}
