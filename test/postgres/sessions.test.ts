import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { AgentRunError } from '../../src/domain/errors.js';
import { newId } from '../../src/domain/new-id.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openRun, runDraft, runSnapshot } from '../support/runs.js';

const VOLUME = { name: 'v', namespace: 'local', phase: 'Bound' };

describe('the rows of sessions', () => {
  let database: TestDatabase;
  let postgres: Postgres;
  let sessionId: string;

  const open = () => openRun(postgres, { sessionRef: { sessionId } });
  const end = (runId: string) =>
    postgres.runs.projectRun(runSnapshot(runId, { version: 9, status: 'completed', terminalStatus: 'completed' }));
  const read = async () => (await postgres.sessions.get(sessionId, 'all', 'ann'))!;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString });
  });

  beforeEach(async () => {
    await database.query('TRUNCATE runs, sessions, idempotency_keys CASCADE');
    sessionId = newId('sess');
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  it('say that the session’s run is over when it is closed because its workflow is gone', async () => {
    const runId = await open();
    await postgres.runs.closeOrphan(runId, 'gone');
    const { executionState, activeRunId, lastRunId, terminalStatus, failureKind, unread } = await read();
    assert.deepEqual([executionState, activeRunId, lastRunId], ['terminal', null, runId]);
    assert.deepEqual([terminalStatus, failureKind, unread], ['failed', 'infra-failed', true]);
  });

  it('follow the run that the session went on with, whatever becomes of the lost one', async () => {
    const lost = await open();
    const next = await open();
    await postgres.runs.closeOrphan(lost, 'gone');
    const { executionState, activeRunId } = await read();
    assert.deepEqual([executionState, activeRunId], ['pending', next]);
  });

  it('take a snapshot that an earlier version handed over, which says nothing of turns', async () => {
    const runId = await open();
    const { activeTurn: _, ...earlier } = runSnapshot(runId, { version: 2, status: 'running' });
    assert.equal(await postgres.runs.projectRun(earlier), 'written');
    assert.equal((await read()).executionState, 'idle');
  });

  it('tell the session’s runs in the order they were opened in, not that they were drafted in', async () => {
    const { id: late } = await postgres.runs.draftRun(runDraft({ sessionRef: { sessionId } }));
    await database.query(`UPDATE runs SET created_at = now() - interval '1 hour' WHERE id = $1`, [late]);
    const early = await open();
    await end(early);
    await postgres.runs.projectRun(runSnapshot(late));
    assert.deepEqual(await postgres.sessions.listRunIds(sessionId, { limit: 10 }), [early, late]);
    assert.deepEqual(await postgres.sessions.listRunIds(sessionId, { fromRunId: late, limit: 10 }), [late]);
  });

  it('tell no run of another tenant, which may have used the session’s id before sessions had records', async () => {
    const foreign = await open();
    const own = await open();
    await database.query(`UPDATE runs SET tenant_id = 'tenant-b' WHERE id = $1`, [foreign]);
    assert.deepEqual(await postgres.sessions.listRunIds(sessionId, { limit: 10 }), [own]);
  });

  it('name expired sessions with a live run last, so that those keep nobody from being evicted', async () => {
    const busy = sessionId;
    await open();
    sessionId = newId('sess');
    await end(await open());
    for (const id of [busy, sessionId]) await postgres.sessions.volumeEnsured(id, VOLUME);
    await database.query(`UPDATE sessions SET expires_at = now() - interval '1 hour'`);
    await database.query(`UPDATE sessions SET expires_at = now() - interval '2 hours' WHERE id = $1`, [busy]);
    const ids = async (limit: number) => (await postgres.sessions.listExpired(limit)).map((found) => found.sessionId);
    assert.deepEqual(await ids(1), [sessionId]);
    assert.deepEqual(await ids(2), [sessionId, busy]);
  });

  it('keep what a runner measured of a volume that nobody here made, and which that is', async () => {
    await open();
    const measured = { pvcName: 'theirs', namespace: 'elsewhere', storageSizeBytes: 12 };
    const kept = await postgres.sessions.refreshStorage(sessionId, measured);
    assert.deepEqual([kept?.pvcName, kept?.namespace, kept?.storageSizeBytes], ['theirs', 'elsewhere', 12]);
    assert.equal((await read()).storageKind, 'pvc');
  });

  it('refuse a send once the storage is given up, and answer a repeat of an earlier one', async () => {
    await end(await open());
    const key = { tenantId: 'tenant-a', route: 'r', key: 'k', bodyHash: 'h' };
    const draft = (commandId: string) => ({ commandId, sessionId, payload: { prompt: 'x' } });
    await postgres.sessions.draftSend(draft('cmd_first'), key);
    await postgres.sessions.volumeEnsured(sessionId, VOLUME);
    assert.equal(await postgres.sessions.beginEviction(sessionId, { onlyExpired: false }), 'evicting');
    const refused = (error: unknown) => error instanceof AgentRunError && error.failureKind === 'session-store-evicted';
    await assert.rejects(postgres.sessions.draftSend(draft('cmd_second')), refused);
    assert.equal((await postgres.sessions.draftSend(draft('cmd_third'), key)).id, 'cmd_first');
  });
});
