import type { TaskStore } from '../ports/task-store.js';
import type { Database } from './pool.js';
import { getQueue, listQueues, updateQueue } from './queues.js';
import { listInQueue, listOverdue, listQueuesAtWork, readSlots } from './slots.js';
import { listToMind, readStats } from './task-board.js';
import { admitAgain, draftTask, findReservedTask } from './task-drafts.js';
import { closeTask, projectTask } from './task-projection.js';
import { getDrafted, getTask, listAttempts, listTasks, markTaskRead } from './tasks.js';

export function createTaskStore(database: Database): TaskStore {
  return {
    findReserved: (reservation) => findReservedTask(database, reservation),
    draft: (draft, reservation) => draftTask(database, draft, reservation),
    admitAgain: (taskId) => admitAgain(database, taskId),
    getDrafted: (taskId) => getDrafted(database, taskId),
    get: (taskId, tenants, readerId) => getTask(database, taskId, tenants, readerId),
    list: (filter) => listTasks(database, filter),
    listAttempts: (taskId) => listAttempts(database, taskId),
    listToMind: (query) => listToMind(database, query),
    markRead: (taskId, readerId) => markTaskRead(database, taskId, readerId),
    stats: (query) => readStats(database, query),
    project: (snapshot) => projectTask(database, snapshot),
    closeOrphan: (taskId, version, message) => closeTask(database, taskId, version, message),
    queue: (name) => getQueue(database, name),
    updateQueue: (name, update) => updateQueue(database, name, update),
    listQueues: (query) => listQueues(database, query),
    slots: (queue, limit) => readSlots(database, queue, limit),
    listInQueue: (queue) => listInQueue(database, queue),
    listQueuesAtWork: (limit) => listQueuesAtWork(database, limit),
    listOverdue: (lateMs, limit) => listOverdue(database, lateMs, limit),
  };
}
