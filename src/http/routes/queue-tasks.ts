import { Page } from '../../contract/common.js';
import { ReaderId } from '../../contract/session.js';
import { QueueName, TaskCancel, TaskCreate, TaskDetail, TaskId, TaskRead, TaskSummary } from '../../contract/task.js';
import { TASK_STATES } from '../../domain/task-lifecycle.js';
import { tenantScope } from '../../operations/access.js';
import { cancelTask, refreshTask } from '../../operations/tasks/cancel-task.js';
import { createTask } from '../../operations/tasks/create-task.js';
import { dispatchTask } from '../../operations/tasks/dispatch-task.js';
import { listTasks } from '../../operations/tasks/list-tasks.js';
import { markTaskRead, readTask } from '../../operations/tasks/read-task.js';
import { cursor, integerField, limit, textField, wordField } from '../query-fields.js';
import { route, type Route } from '../route.js';

const tag = 'queue';
const params = { taskId: TaskId };
const DEFAULT_READER = 'cli';
const readerId = textField(ReaderId, 'Whose unread marks count; `cli` when absent.');

/** The last millisecond of the year 9999: no time of ours is later. */
const LATEST_MS = 253_402_300_799_999;

export const queueTaskRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/api/v1/queue/tasks',
    operationId: 'createTask',
    tag,
    summary: 'Make a task',
    description:
      'What it runs with is settled now: a spec or a queue that changes later does not change it. It begins when it was dispatched, its ' +
      '`notBefore` has come and its queue has a slot for it. Exactly one of `prompt` and `payload` says what is to be done; `aipod` names ' +
      'a spec that says what the body leaves out. A queue that has as many pending tasks as it takes answers `rate-limited`.',
    auth: 'operator',
    body: TaskCreate,
    bodyExample: {
      queue: 'nightly',
      title: 'Repair the build',
      tenantId: 'acme',
      projectId: 'website',
      backendProfile: 'codex',
      prompt: 'The build is red; find out why and repair it.',
      workspaceRef: { kind: 'git', repoUrl: 'https://git.example.org/acme/website.git' },
      autoDispatch: true,
      idempotencyKey: 'build-4711',
    },
    refusals: [409, 429],
    answer: TaskSummary,
    handle: ({ principal, body, traceId }, { operations }) => createTask(operations, principal, body, traceId),
  }),
  route({
    method: 'GET',
    path: '/api/v1/queue/tasks',
    operationId: 'listTasks',
    tag,
    summary: 'List tasks, newest first, each with how the work on it stands',
    description:
      'A supervisor is made from the newest few events here, and from none that is very large; `GET` of the task itself looks further back.',
    auth: 'operator',
    query: {
      queue: textField(QueueName, 'Tasks of this queue.'),
      state: wordField(TASK_STATES, 'Tasks in this state.'),
      updatedAfter: integerField(
        { default: 0, maximum: LATEST_MS },
        'Tasks that changed after this, in milliseconds since the epoch.',
      ),
      readerId,
      limit: limit(50),
      cursor,
    },
    answer: Page(TaskSummary),
    handle: ({ principal, query }, { operations }) =>
      listTasks(operations, {
        tenants: tenantScope(principal),
        queue: query.queue,
        state: query.state,
        updatedAfterMs: query.updatedAfter,
        readerId: query.readerId ?? DEFAULT_READER,
        limit: query.limit,
        cursor: query.cursor,
      }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/queue/tasks/:taskId',
    operationId: 'getTask',
    tag,
    summary: 'A task whole: what it is to do, its attempts, and how the work on it stands',
    auth: 'operator',
    params,
    query: { readerId },
    answer: TaskDetail,
    handle: ({ principal, params, query }, { operations }) =>
      readTask(operations, principal, params.taskId, query.readerId),
  }),
  route({
    method: 'POST',
    path: '/api/v1/queue/tasks/:taskId/dispatch',
    operationId: 'dispatchTask',
    tag,
    summary: 'Let a task begin',
    description:
      'It waits for its `notBefore` and for a slot of its queue, then its attempt starts: a run, or a turn on the live run of its session. ' +
      'Repeating is harmless. A task that failed or is blocked begins again; one that was completed or cancelled answers 409.',
    auth: 'operator',
    params,
    refusals: [409],
    answer: TaskSummary,
    handle: ({ principal, params }, { operations }) => dispatchTask(operations, principal, params.taskId),
  }),
  route({
    method: 'POST',
    path: '/api/v1/queue/tasks/:taskId/refresh',
    operationId: 'refreshTask',
    tag,
    summary: 'Let a task look at what became of its attempt',
    description: 'It hears of that by itself; this is for when that is in doubt.',
    auth: 'operator',
    params,
    answer: TaskSummary,
    handle: ({ principal, params }, { operations }) => refreshTask(operations, principal, params.taskId),
  }),
  route({
    method: 'POST',
    path: '/api/v1/queue/tasks/:taskId/cancel',
    operationId: 'cancelTask',
    tag,
    summary: 'Cancel a task with what works on it',
    description:
      'Its command is cancelled, and its run too where the task started that. A task that has ended stays as it is.',
    auth: 'operator',
    params,
    body: TaskCancel,
    bodyExample: { reason: 'no longer wanted' },
    answer: TaskSummary,
    handle: ({ principal, params, body }, { operations }) => cancelTask(operations, principal, params.taskId, body),
  }),
  route({
    method: 'POST',
    path: '/api/v1/queue/tasks/:taskId/read',
    operationId: 'markTaskRead',
    tag,
    summary: 'Mark all that there is now as read by a reader',
    auth: 'operator',
    params,
    body: TaskRead,
    answer: TaskSummary,
    handle: ({ principal, params, body }, { operations }) =>
      markTaskRead(operations, principal, params.taskId, body.readerId),
  }),
];
