import type { RunStore } from '../ports/run-store.js';
import type { Wakeups } from '../ports/wakeups.js';
import { closeOrphan } from './close-orphan.js';
import { getCancelMarks, getCommand, getCommandWithRun, listCommands } from './commands.js';
import { draftCommand, draftRun, dropDraft, leaveDraft, writeNote } from './drafts.js';
import type { Database } from './pool.js';
import { projectRun, writtenVersion } from './projection.js';
import { findCommandDrafts } from './sends.js';
import { findReserved } from './reservations.js';
import { getRun, listRuns, volumeNameOf } from './runs.js';

export function createRunStore(database: Database, wakeups: Wakeups): RunStore {
  return {
    draftRun: (draft, reservation, opening) => draftRun(database, draft, reservation, opening),
    dropRunDraft: (runId) => dropDraft(database, 'run', runId),
    leaveRunDraft: (runId) => leaveDraft(database, runId),
    draftCommand: (draft, reservation) => draftCommand(database, draft, reservation),
    dropCommandDraft: (commandId) => dropDraft(database, 'command', commandId),
    findCommandDrafts: (commandIds) => findCommandDrafts(database, commandIds),
    writeNote: (runId, text) => writeNote(database, runId, text),
    findReserved: async (reservation) => (await findReserved(database, reservation))?.thingId,
    getRun: (runId, tenants) => getRun(database, runId, tenants),
    listRuns: (filter) => listRuns(database, filter),
    volumeName: (runId) => volumeNameOf(database, runId),
    getCommand: (commandId, tenants) => getCommand(database, commandId, tenants),
    getCommandWithRun: (commandId, tenants) => getCommandWithRun(database, commandId, tenants),
    listCommands: (query) => listCommands(database, query),
    getCancelMarks: (runId) => getCancelMarks(database, runId),
    closeOrphan: (runId, message) => closeOrphan(database, wakeups, runId, message),
    writtenVersion: (of) => writtenVersion(database, wakeups, of),
    projectRun: (snapshot, tell) => projectRun(database, wakeups, snapshot, tell),
  };
}
