import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { NEEDS_ATTENTION } from '../../src/domain/attention.js';
import { AgentRunError } from '../../src/domain/errors.js';
import { runnerIdOfJob, runnerJobId } from '../../src/domain/ids.js';
import { newId } from '../../src/domain/new-id.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { commandDraft, commandSnapshot, openRun, runDraft, runSnapshot } from '../support/runs.js';

function jobRequest(runId: string) {
  const id = runnerJobId(runId, 1);
  const named = { attemptId: 'attempt-1', runnerId: runnerIdOfJob(id), jobName: `job-${id}`, namespace: 'local' };
  return { id, runId, attempt: 1, commandId: null, overrides: {}, ...named };
}

const VOLUME = { name: 'v', namespace: 'local', phase: 'Bound', quotaBytes: null };

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
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
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

  describe('are unread', () => {
    const COMPLETED = { status: 'completed', terminalStatus: 'completed' } as const;
    const CANCELLED = { status: 'cancelled', terminalStatus: 'cancelled', failureKind: 'cancelled' } as const;
    let runId: string;
    let turn: string;
    let version: number;

    const project = (given: Parameters<typeof runSnapshot>[1] = {}) =>
      postgres.runs.projectRun(runSnapshot(runId, { version: (version += 1), lastCommandSeq: 1, ...given }));
    /** Whether a reader who had seen everything has something to look at after it. */
    const isNews = async (work: () => Promise<unknown>) => {
      await postgres.sessions.markRead(sessionId, 'ann');
      await work();
      return (await read()).unread;
    };
    const turnEnds = (state: 'completed' | 'failed' = 'completed') =>
      project({ commands: [commandSnapshot(turn, { state, finishedAtMs: Date.now() })] });

    beforeEach(async () => {
      runId = await open();
      version = 1;
      turn = (await postgres.runs.draftCommand(commandDraft(runId))).id;
      await project({
        status: 'running',
        commands: [commandSnapshot(turn)],
        activeTurn: { commandId: turn, taken: true },
      });
    });

    it('when a turn ends, not when its end is told again', async () => {
      assert.equal(await isNews(turnEnds), true);
      assert.equal(await isNews(turnEnds), false);
    });

    it('not when the run ends as its last turn did', async () => {
      await turnEnds();
      assert.equal(await isNews(() => project(COMPLETED)), false);
    });

    it('when the run ends otherwise than its last turn did, once however often it is told', async () => {
      await turnEnds();
      assert.equal(await isNews(() => project(CANCELLED)), true);
      assert.equal(await isNews(() => project(CANCELLED)), false);
    });

    it('when the run ends with a turn', async () => {
      const commands = [commandSnapshot(turn, { state: 'completed', finishedAtMs: Date.now() })];
      assert.equal(await isNews(() => project({ ...COMPLETED, commands })), true);
      assert.equal(await isNews(() => project({ ...COMPLETED, commands })), false);
    });

    it('when a run ends that never had a turn, also where the one before ended so', async () => {
      await turnEnds();
      await project(COMPLETED);
      runId = await open();
      version = 1;
      assert.equal(await isNews(() => project({ ...COMPLETED, lastCommandSeq: 0 })), true);
      assert.equal(await isNews(() => project({ ...COMPLETED, lastCommandSeq: 0 })), false);
    });

    it('when a run ends that is told of with its end for the first time', async () => {
      const { id } = await postgres.runs.draftRun(runDraft({ sessionRef: { sessionId } }));
      await project(COMPLETED);
      runId = id;
      version = 0;
      assert.equal(await isNews(() => project({ ...CANCELLED, lastCommandSeq: 0 })), true);
      assert.equal(await isNews(() => project({ ...CANCELLED, lastCommandSeq: 0 })), false);
    });
  });

  it('keep the storage until the Job of the last run is seen ended, but not for ever', async () => {
    const runId = await open();
    await postgres.sessions.volumeEnsured(sessionId, VOLUME);
    const { jobName } = await postgres.jobs.request(jobRequest(runId));
    const job = { jobName, runId, attempt: 1, reason: null, exitCode: null, message: null };
    await postgres.jobs.observe({ ...job, status: 'running' });
    await end(runId);
    const verdict = () => postgres.sessions.beginEviction(sessionId, { onlyExpired: false });
    const endedAgo = (time: string) =>
      database.query(`UPDATE runs SET finished_at = now() - $2::interval WHERE id = $1`, [runId, time]);
    assert.equal(await verdict(), 'active-run');
    await endedAgo('59 minutes');
    assert.equal(await verdict(), 'active-run');
    await postgres.jobs.observe({ ...job, status: 'stopped' });
    assert.equal(await verdict(), 'evicting');
    await database.query(`UPDATE sessions SET storage_state = 'pvc'`);
    await database.query(`UPDATE runner_jobs SET status = 'running', finished_at = NULL`);
    await endedAgo('61 minutes');
    assert.equal(await verdict(), 'evicting', 'nobody will see it end any more');
  });

  it('keep the storage for a run that somebody is drafting, not for one whose request has gone', async () => {
    await end(await open());
    await postgres.sessions.volumeEnsured(sessionId, VOLUME);
    const { id } = await postgres.runs.draftRun(runDraft({ sessionRef: { sessionId } }));
    const verdict = () => postgres.sessions.beginEviction(sessionId, { onlyExpired: false });
    assert.equal(await verdict(), 'active-run');
    await postgres.runs.leaveRunDraft(id);
    assert.equal(await verdict(), 'evicting');
    assert.equal(
      await postgres.runs.projectRun(runSnapshot(id)),
      'written',
      'its workflow may have begun all the same',
    );
  });

  it('call a session stalled as its lease is over, never in an outage of ours', async () => {
    const runId = await open();
    await postgres.leases.grant({ runId, attempt: 1, runnerId: 'r1', leaseMs: 60_000 });
    await database.query(`UPDATE run_leases SET expires_at = now() - interval '1 second'`);
    const accept = (sinceMinutes: number, lastBeatMs: number) =>
      database.query(
        `UPDATE api_liveness SET accepting_since = now() - $1 * interval '1 minute', gap_ms = 5000,
           last_beat_at = now() - $2 * interval '1 ms'`,
        [sinceMinutes, lastBeatMs],
      );
    const told = async () => [(await read()).attentionState, (await postgres.leases.read(runId))?.isOver];
    await accept(10, 60_000);
    assert.deepEqual(await told(), ['active-session', false]);
    await accept(0, 0);
    assert.deepEqual(await told(), ['active-session', false], 'it gets its full time again');
    await accept(10, 0);
    assert.deepEqual(await told(), ['stalled', true]);
  });

  it('expect a volume before it is there, and from then on evict it with the rest', async () => {
    const { sessions } = postgres;
    const expect = () => sessions.expectVolume(sessionId, { name: 'v', namespace: 'local' });
    assert.equal(await expect(), false, 'there is no such session');
    await end(await open());
    assert.equal(await expect(), true);
    const storage = await sessions.readStorage(sessionId);
    assert.deepEqual([storage?.pvcName, storage?.pvcPhase, storage?.storageQuotaBytes], ['v', 'Pending', null]);
    await database.query(`UPDATE sessions SET expires_at = now() - interval '1 hour'`);
    assert.deepEqual(
      (await sessions.listExpired(1)).map((found) => found.volumeName),
      ['v'],
    );
    await sessions.volumeEnsured(sessionId, { ...VOLUME, quotaBytes: 7 });
    const ensured = await sessions.readStorage(sessionId);
    assert.equal(await expect(), true);
    assert.deepEqual(await sessions.readStorage(sessionId), ensured, 'what is known of one that is there stays');
    assert.equal(await sessions.beginEviction(sessionId, { onlyExpired: true }), 'evicting');
    assert.equal(await expect(), false);
    await sessions.endEviction(sessionId);
    assert.equal(await expect(), false);
    assert.equal((await sessions.readStorage(sessionId))?.pvcPhase, 'Deleted');
  });

  it('are found by what needs somebody as each of them says it, but for those that nobody can say anything to', async () => {
    const runId = await open();
    await postgres.leases.grant({ runId, attempt: 1, runnerId: 'r1', leaseMs: 60_000 });
    await database.query(`UPDATE run_leases SET expires_at = now() - interval '1 second'`);
    await database.query(
      `UPDATE api_liveness SET accepting_since = now() - interval '10 minutes', gap_ms = 5000, last_beat_at = now()`,
    );
    await database.query(
      `INSERT INTO sessions (id, tenant_id, project_id, backend_profile, execution_state, terminal_status, failure_kind, news,
         ttl_ms, expires_at)
       SELECT concat_ws('-', 'sess', state, status, kind, news), 'tenant-a', 'p', 'exec', state, status, kind, news, 1, now()
       FROM unnest('{idle,pending,running,terminal}'::text[]) state,
         unnest('{completed,failed,blocked,cancelled,NULL}'::text[]) status,
         unnest('{provider-auth-failed,NULL}'::text[]) kind, generate_series(0, 1) news`,
    );
    const { items } = await postgres.sessions.list({ tenants: 'all', readerId: 'ann', limit: 500 });
    const needing = items.filter(({ attentionState }) => NEEDS_ATTENTION.includes(attentionState));
    const found = async () => {
      const filter = { tenants: 'all', readerId: 'ann', state: 'needs-attention', limit: 500 } as const;
      return (await postgres.sessions.list(filter)).items.map(({ sessionId: id }) => id).sort();
    };
    const ids = needing.map(({ sessionId: id }) => id).sort();
    assert.deepEqual(new Set(needing.map(({ attentionState }) => attentionState)), new Set(NEEDS_ATTENTION));
    assert.deepEqual(await found(), ids);
    await database.query(`UPDATE sessions SET storage_state = 'evicted' WHERE id = $1`, [ids[0]]);
    assert.deepEqual(await found(), ids.slice(1), 'it takes no further run');
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
