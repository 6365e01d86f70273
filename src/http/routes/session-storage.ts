import { SessionId } from '../../contract/common.js';
import {
  SessionStorage,
  StorageEvicted,
  StorageGcReport,
  StorageRefresh,
  StorageRefreshed,
} from '../../contract/session.js';
import {
  collectSessionStorage,
  evictSessionStorage,
  readSessionStorage,
  refreshSessionStorage,
} from '../../operations/sessions/session-storage.js';
import { route, type Route } from '../route.js';

const tag = 'session-storage';
const params = { sessionId: SessionId };

export const sessionStorageRoutes: Route[] = [
  // Before the routes of one session: a session may be called `storage`.
  route({
    method: 'POST',
    path: '/api/v1/sessions/storage/gc',
    operationId: 'collectSessionStorage',
    tag,
    summary: 'Evict the volumes of expired, inactive sessions, and report of each one looked at',
    description: 'One cycle; it also runs every hour. Only an operator of all tenants may ask for it.',
    auth: 'operator',
    answer: StorageGcReport,
    handle: ({ principal }, { operations }) => collectSessionStorage(operations, principal),
  }),
  route({
    method: 'GET',
    path: '/api/v1/sessions/:sessionId/storage',
    operationId: 'getSessionStorage',
    tag,
    summary: "A session's volume, as the platform and its runners tell it",
    auth: 'any',
    params,
    answer: SessionStorage,
    handle: ({ principal, params }, { operations }) => readSessionStorage(operations, principal, params.sessionId),
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/sessions/:sessionId/storage',
    operationId: 'evictSessionStorage',
    tag,
    summary: "Give up a session's volume with all that is on it; the session takes no further run",
    auth: 'operator',
    params,
    refusals: [409],
    answer: StorageEvicted,
    handle: ({ principal, params }, { operations }) => evictSessionStorage(operations, principal, params.sessionId),
  }),
  route({
    method: 'POST',
    path: '/api/v1/sessions/:sessionId/storage/refresh',
    operationId: 'refreshSessionStorage',
    tag,
    summary: 'Record what a runner measured of the volume',
    auth: 'any',
    params,
    body: StorageRefresh,
    bodyExample: { pvcName: 'session-review-1-0123456789abcdef', namespace: 'local', storageSizeBytes: 52428800 },
    refusals: [409],
    answer: StorageRefreshed,
    handle: async ({ principal, params, body }, { operations }) => ({
      action: 'session-storage-refreshed',
      sessionId: params.sessionId,
      summary: await refreshSessionStorage(operations, principal, params.sessionId, body),
      valuesPrinted: false,
    }),
  }),
];
