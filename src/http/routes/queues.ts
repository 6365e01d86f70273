import { Page } from '../../contract/common.js';
import { QueueChanged, QueueCommander, QueueRecord, QueueStats, QueueUpdate } from '../../contract/queue.js';
import { DEFAULT_READER, ReaderId } from '../../contract/session.js';
import { QueueName } from '../../contract/task.js';
import { queueCommander } from '../../operations/queues/commander.js';
import { changeQueue, listQueues, readQueue } from '../../operations/queues/settings.js';
import { queueStats } from '../../operations/queues/stats.js';
import { cursor, limit, textField } from '../query-fields.js';
import { route, type Route } from '../route.js';

const tag = 'queue';
const params = { name: QueueName };
const queue = textField(QueueName, 'Of this queue; of all queues when absent.');

export const queueRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/queue/stats',
    operationId: 'readQueueStats',
    tag,
    summary: 'What the tasks of a queue, or of all queues, are doing',
    auth: 'operator',
    query: { queue },
    answer: QueueStats,
    handle: ({ principal, query }, { operations }) => queueStats(operations, principal, query.queue),
  }),
  route({
    method: 'GET',
    path: '/api/v1/queue/commander',
    operationId: 'readQueueCommander',
    tag,
    summary: 'What someone minding a queue must see, the most pressing first',
    description:
      'Tasks that are unread by the reader or need attention, and every task whose session works, even if read. The counts are over all ' +
      'of them, also where `items` is cut.',
    auth: 'operator',
    query: { queue, readerId: textField(ReaderId, 'Who reads; `cli` when absent.'), limit: limit(200) },
    answer: QueueCommander,
    handle: ({ principal, query }, { operations }) =>
      queueCommander(operations, principal, { ...query, readerId: query.readerId ?? DEFAULT_READER }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/queue/queues',
    operationId: 'listQueues',
    tag,
    summary: 'The queues that were set up, and those that have tasks, by name',
    auth: 'operator',
    query: { limit: limit(50), cursor },
    answer: Page(QueueRecord),
    handle: ({ principal, query }, { operations }) => listQueues(operations, principal, query),
  }),
  route({
    method: 'GET',
    path: '/api/v1/queue/queues/:name',
    operationId: 'getQueue',
    tag,
    summary: 'The settings of a queue; one that nobody has set up has the defaults',
    auth: 'operator',
    params,
    answer: QueueRecord,
    handle: ({ principal, params }, { operations }) => readQueue(operations, principal, params.name),
  }),
  route({
    method: 'PUT',
    path: '/api/v1/queue/queues/:name',
    operationId: 'changeQueue',
    tag,
    summary: 'Change the settings of a queue',
    description:
      'What the body does not name stays; `weights` is replaced as a whole. For operators of all tenants: they share the queue. ' +
      '`applied` is false where Temporal could not be reached: the change is kept, and the queue goes by it later.',
    auth: 'operator',
    params,
    body: QueueUpdate,
    bodyExample: { concurrency: 4, weights: { acme: 3 } },
    answer: QueueChanged,
    handle: ({ principal, params, body }, { operations }) => changeQueue(operations, principal, params.name, body),
  }),
];
