import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { commandDraft, openRun, runDraft, runSnapshot } from '../support/runs.js';
import { openTask, taskDraft, taskSnapshot } from '../support/tasks.js';

const RETENTION = {
  eventRetentionDays: 30,
  idempotencyRetentionHours: 48,
  workspaceRetentionHours: 24,
  webhookLogRetentionDays: 7,
};
const HOUR_MS = 3_600_000;

describe('maintenance', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  const partitions = async () =>
    (
      await database.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relname ~ '^run_events_[0-9]{8}$' AND relkind = 'r' ORDER BY relname`,
      )
    ).map((row) => row.name);

  /** Those of this week and eight ahead, by the clock that maintenance goes by. */
  const wanted = async () =>
    (
      await database.query<{ name: string }>(
        `SELECT 'run_events_' || to_char(date_trunc('week', now() AT TIME ZONE 'UTC') + ahead * interval '7 days', 'YYYYMMDD') AS name
         FROM generate_series(0, 8) AS ahead ORDER BY name`,
      )
    ).map((row) => row.name);

  /** The partition of the week that was `days` ago, with one event of the run in it. */
  const oldPartition = async (days: number, runId?: string) => {
    const [row] = await database.query<{ name: string; sql: string; begin: Date }>(
      `WITH week AS (SELECT date_trunc('week', (now() - $1 * interval '1 day') AT TIME ZONE 'UTC') AS start)
       SELECT 'run_events_' || to_char(start, 'YYYYMMDD') AS name, start AT TIME ZONE 'UTC' AS begin,
         format('CREATE TABLE run_events_%s PARTITION OF run_events FOR VALUES FROM (%L) TO (%L)',
           to_char(start, 'YYYYMMDD'), start AT TIME ZONE 'UTC', (start + interval '7 days') AT TIME ZONE 'UTC') AS sql
       FROM week`,
      [days],
    );
    assert.ok(row);
    const { name, sql, begin } = row;
    await database.query(sql);
    if (runId !== undefined) {
      await database.query(
        `INSERT INTO run_events (run_id, seq, created_at, type, payload, producer)
         VALUES ($1, 1, $2, 'plan', '{}', 'p')`,
        [runId, begin],
      );
    }
    return name;
  };

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });

  beforeEach(async () => {
    await database.query('TRUNCATE runs, tasks, run_events, idempotency_keys, notes CASCADE');
    await postgres.maintenance.maintain(RETENTION);
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  describe('of event partitions', () => {
    it('has made this week and eight ahead, and makes those that are missing', async () => {
      const names = await wanted();
      await database.query(`DROP TABLE ${names[4]}`);
      await database.query(`DROP TABLE ${names[8]}`);
      const left = await partitions();
      const reports = await Promise.all([1, 2, 3].map(() => postgres.maintenance.maintain(RETENTION)));
      // A week may turn over meanwhile, and did, perhaps, since the database was made.
      const expected = [...new Set([...left, ...names, ...(await wanted())])].sort();
      assert.deepEqual(await partitions(), expected);
      assert.equal(
        reports.reduce((made, report) => made + (report.partitionsMade ?? 0), 0),
        expected.length - left.length,
      );
    });

    it('drops weeks that are older than the retention as a whole, and keeps the others', async () => {
      const runId = await openRun(postgres);
      const kept = await oldPartition(20);
      const dropped = [await oldPartition(60, runId), await oldPartition(45, runId)];
      const report = await postgres.maintenance.maintain(RETENTION);
      assert.deepEqual(report.partitionsDropped, dropped);
      const names = await partitions();
      assert.ok(names.includes(kept));
      assert.ok(!dropped.some((name) => names.includes(name)));
      assert.deepEqual(await database.query('SELECT FROM run_events'), []);
    });

    it('drops one that was detached by a process that then died', async () => {
      const name = await oldPartition(60);
      await database.query(`ALTER TABLE run_events DETACH PARTITION ${name}`);
      assert.deepEqual((await postgres.maintenance.maintain(RETENTION)).partitionsDropped, [name]);
      assert.ok(!(await partitions()).includes(name));
    });

    it('goes on while runs are written', async () => {
      const runId = await openRun(postgres);
      await oldPartition(60);
      const append = () =>
        postgres.events.append({ runId, fence: null, producer: 'p', events: [{ type: 'plan', payload: {} }] });
      const [report] = await Promise.all([
        postgres.maintenance.maintain(RETENTION),
        ...Array.from({ length: 50 }, append),
      ]);
      assert.equal(report.partitionsDropped?.length, 1);
      assert.equal((await postgres.events.last(runId)).seq, 50);
    });
  });

  it('tells a producer that repeats an event past its retention', async () => {
    const runId = await openRun(postgres);
    const append = () =>
      postgres.events.append({
        runId,
        fence: null,
        producer: 'p',
        events: [{ type: 'plan', payload: {}, clientSeq: 1 }],
      });
    await append();
    await database.query('DELETE FROM run_events');
    await assert.rejects(append(), /past its retention/);
  });

  it('deletes keys past their time, at least a day old, but none of a draft', async () => {
    const key = (name: string) => ({ tenantId: 't', route: 'r', key: name, bodyHash: 'h' });
    const { id } = await postgres.runs.draftRun(runDraft(), key('opened'));
    await postgres.runs.projectRun(runSnapshot(id));
    await postgres.runs.draftRun(runDraft(), key('draft'));
    const { id: young } = await postgres.runs.draftRun(runDraft(), key('young'));
    await postgres.runs.projectRun(runSnapshot(young));
    await database.query(`UPDATE idempotency_keys SET created_at = now() - interval '30 hours' WHERE key <> 'young'`);
    await database.query(`UPDATE idempotency_keys SET created_at = now() - interval '23 hours' WHERE key = 'young'`);

    assert.equal((await postgres.maintenance.maintain(RETENTION)).keysDeleted, 0);
    const report = await postgres.maintenance.maintain({ ...RETENTION, idempotencyRetentionHours: 1 });
    assert.equal(report.keysDeleted, 1);
    const left = await database.query('SELECT key FROM idempotency_keys ORDER BY key');
    assert.deepEqual(
      left.map((row) => row['key']),
      ['draft', 'young'],
    );
  });

  it('does the other parts where one fails, and without anybody who takes that fails itself', async () => {
    await openRun(postgres);
    await postgres.runs.writeNote('run_neveropened', 'old');
    await database.query(`UPDATE notes SET created_at = now() - interval '8 days'`);
    await database.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not these'; END $$;
       CREATE TRIGGER refuse BEFORE DELETE ON tasks EXECUTE FUNCTION refuse()`,
    );
    try {
      const failed: string[] = [];
      const each = async <T>(name: string, work: () => Promise<T>) =>
        work().catch((error: unknown) => {
          failed.push(`${name}: ${(error as Error).message}`);
          return undefined;
        });
      const report = await postgres.maintenance.maintain(RETENTION, each);
      assert.deepEqual([report.taskDraftsDeleted, report.notesDeleted], [undefined, 1]);
      assert.deepEqual(failed, ['drafts of tasks: not these']);
      await assert.rejects(postgres.maintenance.maintain(RETENTION), /not these/);
    } finally {
      await database.query('DROP FUNCTION refuse CASCADE');
    }
  });

  it('deletes old notes, except those of a run that lives or has just ended', async () => {
    const live = await openRun(postgres);
    const ended = await openRun(postgres);
    const justEnded = await openRun(postgres);
    for (const runId of [ended, justEnded]) {
      const atMs = Date.now() - (runId === ended ? 30 * HOUR_MS : HOUR_MS);
      await postgres.runs.projectRun(
        runSnapshot(runId, { version: 2, status: 'failed', terminalStatus: 'failed', atMs }),
      );
    }
    for (const runId of [live, ended, justEnded, 'run_neveropened']) await postgres.runs.writeNote(runId, runId);
    await database.query(`UPDATE notes SET created_at = now() - interval '8 days'`);
    await postgres.runs.writeNote(ended, 'young');
    assert.equal((await postgres.maintenance.maintain(RETENTION)).notesDeleted, 2);
    const left = await database.query('SELECT text FROM notes');
    assert.deepEqual(left.map((row) => row['text']).sort(), [live, justEnded, 'young'].sort());
  });

  it('deletes what a command of an ended run left behind, with its key', async () => {
    const live = await openRun(postgres);
    const ended = await openRun(postgres);
    const key = { tenantId: 't', route: 'r', key: 'k', bodyHash: 'h' };
    const { id: kept } = await postgres.runs.draftCommand(commandDraft(live));
    await postgres.runs.draftCommand(commandDraft(ended), key);
    const atMs = Date.now() - 30 * HOUR_MS;
    await postgres.runs.projectRun(
      runSnapshot(ended, { version: 2, status: 'failed', terminalStatus: 'failed', atMs }),
    );
    assert.equal((await postgres.maintenance.maintain(RETENTION)).commandDraftsDeleted, 1);
    assert.deepEqual(await database.query('SELECT id FROM commands'), [{ id: kept }]);
    assert.deepEqual(await database.query('SELECT FROM idempotency_keys'), []);
  });

  it('deletes what was sent to a session and never taken, with its key, unless it was repeated since', async () => {
    await openRun(postgres, { sessionRef: { sessionId: 'talk' } });
    const key = (name: string) => ({ tenantId: 't', route: 'r', key: name, bodyHash: 'h' });
    const draft = (commandId: string) => ({ commandId, sessionId: 'talk', payload: { prompt: 'x' } });
    for (const name of ['old', 'repeated']) await postgres.sessions.draftSend(draft(`cmd_${name}`), key(name));
    await database.query(`UPDATE commands SET updated_at = now() - interval '30 hours'`);
    const again = await postgres.sessions.draftSend(draft('cmd_another'), key('repeated'));
    assert.deepEqual(again, { id: 'cmd_repeated', opened: false });
    assert.equal((await postgres.maintenance.maintain(RETENTION)).commandDraftsDeleted, 1);
    assert.deepEqual(await database.query('SELECT id FROM commands'), [{ id: 'cmd_repeated' }]);
    assert.deepEqual(await database.query('SELECT key FROM idempotency_keys'), [{ key: 'repeated' }]);
  });

  it('forgets the numbers of producers some time after the run has ended', async () => {
    const runId = await openRun(postgres);
    const events = [{ type: 'plan' as const, payload: {}, clientSeq: 1 }];
    await postgres.events.append({ runId, fence: null, producer: 'p', events });
    await database.query(`UPDATE run_streams SET last_event_at = now() - interval '30 hours'`);
    assert.equal((await postgres.maintenance.maintain(RETENTION)).producersDeleted, 0);
    await database.query('UPDATE run_streams SET closed = true');
    assert.equal((await postgres.maintenance.maintain(RETENTION)).producersDeleted, 1);
  });

  it('deletes drafts of tasks that nobody opened nor repeated for a day, and frees their keys', async () => {
    const key = { tenantId: 'tenant-a', route: 'POST tasks', key: 'k', bodyHash: 'h' };
    const old = await postgres.tasks.draft(taskDraft(), key);
    const repeated = await postgres.tasks.draft(taskDraft(), { ...key, key: 'again' });
    const opened = await openTask(postgres);
    await database.query(`UPDATE tasks SET updated_at = now() - interval '60 hours'`);
    await database.query(`UPDATE idempotency_keys SET created_at = now() - interval '60 hours'`);
    await postgres.tasks.draft(taskDraft(), { ...key, key: 'again' });
    assert.equal((await postgres.maintenance.maintain(RETENTION)).taskDraftsDeleted, 1);
    assert.ok(await postgres.tasks.get(opened, 'all'));
    assert.equal((await postgres.tasks.draft(taskDraft(), { ...key, key: 'again' })).id, repeated.id);
    assert.notEqual((await postgres.tasks.draft(taskDraft(), { ...key, bodyHash: 'other' })).id, old.id);
  });

  it('keeps notes of tasks that live, and of those that ended a short time ago', async () => {
    const [live, ended, over] = [await openTask(postgres), await openTask(postgres), await openTask(postgres)];
    for (const id of [ended, over]) {
      await postgres.tasks.project(taskSnapshot(id, { version: 2, state: 'completed', phase: 'ended' }));
    }
    await database.query(`UPDATE tasks SET finished_at = now() - interval '30 hours' WHERE id = $1`, [over]);
    for (const id of [live, ended, over]) await postgres.runs.writeNote(id, 'why');
    await database.query(`UPDATE notes SET created_at = now() - interval '30 hours'`);
    assert.equal((await postgres.maintenance.maintain(RETENTION)).notesDeleted, 1);
    assert.equal((await database.query('SELECT FROM notes WHERE run_id = $1', [over])).length, 0);
  });

  it('lists runs that were drafted long ago and never opened, oldest first', async () => {
    const ids: string[] = [];
    for (const hours of [2, 3, 0]) {
      const { id } = await postgres.runs.draftRun(runDraft());
      ids.push(id);
      await database.query(`UPDATE runs SET created_at = now() - $2 * interval '1 hour' WHERE id = $1`, [id, hours]);
    }
    await openRun(postgres);
    assert.deepEqual(await postgres.maintenance.listStaleDrafts(HOUR_MS, 10), [
      { runId: ids[1], workflowId: `run:${ids[1]}` },
      { runId: ids[0], workflowId: `run:${ids[0]}` },
    ]);
    assert.equal((await postgres.maintenance.listStaleDrafts(HOUR_MS, 1)).length, 1);
  });
});
