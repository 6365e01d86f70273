import type { SessionStore } from '../ports/session-store.js';
import type { Database } from './pool.js';
import { createSession, findCreated, keepAction } from './session-create.js';
import { draftSend, readSend } from './sends.js';
import {
  beginEviction,
  endEviction,
  expectVolume,
  listExpired,
  readStorage,
  refreshStorage,
  volumeEnsured,
} from './session-storage.js';
import { getSession, listRunIds, listSessions, markRead, markUnread, NO_READER } from './sessions.js';

export function createSessionStore(database: Database): SessionStore {
  return {
    create: (draft, reservation) => createSession(database, draft, reservation),
    findCreated: (reservation) => findCreated(database, reservation),
    keepAction: (reservation, action) => keepAction(database, reservation, action),
    get: (sessionId, tenants, readerId = NO_READER) => getSession(database, sessionId, tenants, readerId),
    list: (filter) => listSessions(database, filter),
    markRead: (sessionId, readerId) => markRead(database, sessionId, readerId),
    markUnread: (sessionId, readerId) => markUnread(database, sessionId, readerId),
    listRunIds: (sessionId, query) => listRunIds(database, sessionId, query),
    draftSend: (draft, reservation) => draftSend(database, draft, reservation),
    readSend: (commandId) => readSend(database, commandId),
    readStorage: (sessionId) => readStorage(database, sessionId),
    expectVolume: (sessionId, volume) => expectVolume(database, sessionId, volume),
    volumeEnsured: (sessionId, volume) => volumeEnsured(database, sessionId, volume),
    refreshStorage: (sessionId, measured) => refreshStorage(database, sessionId, measured),
    beginEviction: (sessionId, options) => beginEviction(database, sessionId, options),
    endEviction: (sessionId) => endEviction(database, sessionId),
    listExpired: (limit) => listExpired(database, limit),
  };
}
