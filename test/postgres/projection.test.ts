import { ApplicationFailure } from '@temporalio/common';
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import fc from 'fast-check';
import { createRecordActivities } from '../../activities/records.js';
import { AgentRunError } from '../../src/domain/errors.js';
import { newId } from '../../src/domain/new-id.js';
import type { RunSnapshot } from '../../src/domain/run-snapshot.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { Database } from '../../src/postgres/pool.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { RunOfMoves } from '../support/run-of-moves.js';
import { commandDraft, commandSnapshot, openRun, runSnapshot } from '../support/runs.js';

describe('the projection of a run', () => {
  let database: TestDatabase;
  let postgres: Postgres;
  let runId: string;

  const project = (given: Parameters<typeof runSnapshot>[1]) => postgres.runs.projectRun(runSnapshot(runId, given));
  const read = async () => (await postgres.runs.getRun(runId, 'all'))!;
  const events = () => postgres.events.page({ runId, afterSeq: 0, limit: 100 });

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });

  beforeEach(async () => {
    runId = await openRun(postgres);
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  it('shows the workflow’s state', async () => {
    await project({ version: 2, status: 'running', claimedBy: 'r1', threadId: 'thread-1', lastCommandSeq: 3 });
    const run = await read();
    assert.deepEqual(
      [run.status, run.claimedBy, run.threadId, run.lastCommandSeq, run.finishedAt],
      ['running', 'r1', 'thread-1', 3, null],
    );
  });

  it('changes nothing at all by a snapshot that is not newer', async () => {
    const { id } = await postgres.runs.draftCommand(commandDraft(runId));
    await project({ version: 5, status: 'running', commands: [commandSnapshot(id, { state: 'acknowledged' })] });
    const before = [await read(), await postgres.runs.getCommand(id, 'all'), await events()];
    const late = {
      status: 'claimed' as const,
      claimedBy: 'somebody',
      cancelRequestedAtMs: 1,
      commands: [commandSnapshot(id)],
      events: [{ number: 1, type: 'backend_status' as const, payload: {} }],
    };
    for (const version of [5, 4, 1]) await project({ version, ...late });
    assert.deepEqual([await read(), await postgres.runs.getCommand(id, 'all'), await events()], before);
    assert.equal((await postgres.runs.getCancelMarks(runId)).cancelRequestedAt, null);
  });

  it('ends at the newest version, in whatever order and however often snapshots arrive', async () => {
    const versions = fc.array(fc.integer({ min: 2, max: 9 }), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(versions, async (arriving) => {
        runId = await openRun(postgres);
        await Promise.all(arriving.map((version) => project({ version, threadId: `v${version}` })));
        assert.equal((await read()).threadId, `v${Math.max(...arriving)}`);
      }),
      { numRuns: 25 },
    );
  });

  it('writes of a newer snapshot only what the row does not have', async () => {
    const told = (number: number, version: number) => ({ number, version, type: 'plan' as const, payload: { number } });
    const { id } = await postgres.runs.draftCommand(commandDraft(runId));
    const grant = { runnerId: 'r1', leaseMs: 60_000, version: 2 };
    const claimed = { status: 'claimed' as const, claimedBy: 'r1', grant };
    const taken = commandSnapshot(id, { state: 'acknowledged', version: 2 });
    await project({ version: 2, ...claimed, commands: [taken], events: [told(1, 2)] });
    await database.query(`UPDATE run_leases SET expires_at = '2020-01-01' WHERE run_id = $1`, [runId]);
    await project({
      version: 3,
      ...claimed,
      commands: [commandSnapshot(id, { version: 2 })],
      events: [told(1, 2), told(2, 3)],
    });
    const [lease] = await database.query('SELECT expires_at FROM run_leases WHERE run_id = $1', [runId]);
    assert.equal((lease?.['expires_at'] as Date).getUTCFullYear(), 2020, 'the lease does not begin again');
    assert.equal((await postgres.runs.getCommand(id, 'all'))?.state, 'acknowledged');
    assert.deepEqual(
      (await events()).map((event) => event.payload['number']),
      [1, 2],
    );
  });

  it('shows what the workflow decided, though its snapshots are written late, out of order, twice or not at all', async () => {
    const move = fc.record({
      does: fc.constantFrom(...RunOfMoves.moves),
      // When whoever asked for it writes it: so many moves later, or never.
      writtenAfter: fc.array(fc.nat(8), { maxLength: 2 }),
      flushed: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 12 }), async (moves) => {
        runId = await openRun(postgres);
        const run = new RunOfMoves(postgres, runId);
        const late = new Map<number, RunSnapshot[]>();
        const arrive = async (at: number) => {
          await Promise.all((late.get(at) ?? []).map(async (snapshot) => postgres.runs.projectRun(snapshot)));
          late.delete(at);
          await run.assertNothingMovedBack();
        };
        for (const [index, { does, writtenAfter, flushed }] of moves.entries()) {
          await run.move(does);
          const snapshot = run.snapshot();
          for (const after of writtenAfter) late.set(index + after, [...(late.get(index + after) ?? []), snapshot]);
          await arrive(index);
          if (flushed) await run.flush();
        }
        await run.flush();
        await run.assertShown();
        for (const at of late.keys()) await arrive(at);
        await run.assertShown();
      }),
      { numRuns: 40 },
    );
  });

  it('says what became of a snapshot', async () => {
    assert.equal(await project({ version: 2 }), 'written');
    assert.equal(await project({ version: 2 }), 'stale');
    assert.equal(await project({ version: 3, executionId: 'execution-2' }), 'foreign');
  });

  it('belongs to the execution that opened the run: another one changes nothing', async () => {
    await project({ version: 2, status: 'completed', terminalStatus: 'completed' });
    const before = await read();
    const events = [{ number: 9, type: 'plan' as const, payload: {} }];
    for (const version of [1, 2, 99]) await project({ version, executionId: 'execution-2', status: 'pending', events });
    assert.deepEqual(await read(), before);
    assert.equal((await postgres.events.last(runId)).seq, 0);
  });

  it('writes no snapshot of a run that nobody drafted', async () => {
    runId = newId('run');
    await assert.rejects(project({}), (error) => error instanceof AgentRunError && error.refusal === 'missing');
  });

  it('is not tried again by its activity where it can never be written', async () => {
    const activities = createRecordActivities({ ...postgres, stopping: new AbortController().signal });
    const unknown = { version: 2, commands: [commandSnapshot(newId('cmd'))] };
    for (const snapshot of [runSnapshot(newId('run')), runSnapshot(runId, unknown)]) {
      await assert.rejects(
        activities.projectRun(snapshot),
        (error) =>
          error instanceof ApplicationFailure && error.nonRetryable === true && error.type === 'schema-invalid',
      );
    }
  });

  it('writes everything of a snapshot or nothing', async () => {
    const unknown = commandSnapshot(newId('cmd'));
    const snapshot = { events: [{ number: 1, type: 'plan' as const, payload: {} }], commands: [unknown] };
    await assert.rejects(project({ version: 2, status: 'running', ...snapshot }));
    assert.equal((await read()).status, 'pending');
    assert.deepEqual(await events(), []);
    await project({ version: 2, status: 'claimed' });
    assert.equal((await read()).status, 'claimed');
  });

  describe('commands', () => {
    it('opens a draft and follows its state', async () => {
      const payload = { prompt: 'go \u0000 \udead' };
      const { id } = await postgres.runs.draftCommand(commandDraft(runId, { payload }));
      await project({ version: 2, commands: [commandSnapshot(id, { seq: 4 })] });
      const opened = await postgres.runs.getCommand(id, 'all');
      assert.deepEqual([opened?.seq, opened?.state, opened?.payload], [4, 'pending', payload]);

      await project({
        version: 3,
        commands: [
          commandSnapshot(id, {
            seq: 4,
            state: 'failed',
            attempt: 2,
            failureKind: 'backend-failed',
            failureMessage: { text: 'it broke' },
            threadId: 't',
            turnId: 'u',
            acknowledgedAtMs: 1_700_000_000_123,
            finishedAtMs: 1_700_000_001_000,
          }),
        ],
      });
      const ended = await postgres.runs.getCommand(id, 'all');
      assert.deepEqual(
        { ...ended, updatedAt: '' },
        {
          ...opened,
          state: 'failed',
          terminalStatus: 'failed',
          attempt: 2,
          failureKind: 'backend-failed',
          failureMessage: 'it broke',
          threadId: 't',
          turnId: 'u',
          acknowledgedAt: '2023-11-14T22:13:20.123Z',
          finishedAt: '2023-11-14T22:13:21.000Z',
          updatedAt: '',
        },
      );
    });

    it('makes one that the workflow made itself, with the payload of the one it came from', async () => {
      const payload = { prompt: 'steer \u0000' };
      const { id } = await postgres.runs.draftCommand(commandDraft(runId, { type: 'steer', payload }));
      const turnId = `${id}t`;
      await project({
        version: 2,
        commands: [
          commandSnapshot(id, { seq: 1, type: 'steer', state: 'cancelled', supersededBy: turnId }),
          commandSnapshot(turnId, { seq: 2, payloadOf: id }),
        ],
      });
      const turn = await postgres.runs.getCommand(turnId, 'all');
      assert.deepEqual([turn?.type, turn?.seq, turn?.payload], ['turn', 2, payload]);
      assert.equal((await postgres.runs.getCommand(id, 'all'))?.supersededBy, turnId);
    });

    it('takes no payload from another run', async () => {
      const other = await openRun(postgres);
      const { id } = await postgres.runs.draftCommand(commandDraft(other));
      await assert.rejects(project({ version: 2, commands: [commandSnapshot(newId('cmd'), { payloadOf: id })] }));
    });
  });

  describe('notes', () => {
    it('are shown as the text that they stand for, also after the note is gone', async () => {
      const failureMessage = { noteId: await postgres.runs.writeNote(runId, 'from outside \u0000') };
      const cancelReason = { noteId: await postgres.runs.writeNote(runId, 'enough') };
      await project({ version: 2, failureMessage, cancelReason });
      await database.query('DELETE FROM notes WHERE run_id = $1', [runId]);
      await project({ version: 3, failureMessage, cancelReason });
      const run = await read();
      assert.deepEqual([run.failureMessage, run.cancelReason], ['from outside \uFFFD', 'enough']);
    });

    it('of a command are shown as text too', async () => {
      const { id } = await postgres.runs.draftCommand(commandDraft(runId));
      const failureMessage = { noteId: await postgres.runs.writeNote(runId, 'compiler said no') };
      await project({ version: 2, commands: [commandSnapshot(id, { state: 'failed', failureMessage })] });
      assert.equal((await postgres.runs.getCommand(id, 'all'))?.failureMessage, 'compiler said no');
    });
  });

  it('appends the manager’s events once, numbered among the others', async () => {
    const told = (number: number) => ({ number, type: 'backend_status' as const, payload: { number } });
    await project({ version: 2, events: [told(1), told(2)] });
    await postgres.events.append({
      runId,
      fence: null,
      producer: 'r1',
      events: [{ type: 'plan', payload: {}, clientSeq: 1 }],
    });
    await project({ version: 3, events: [told(2), told(3)] });
    await project({ version: 4, status: 'failed', terminalStatus: 'failed', events: [told(4)] });
    await project({ version: 5, status: 'failed', terminalStatus: 'failed', events: [told(5)] });
    assert.deepEqual(
      (await events()).map((event) => [event.seq, event.payload['number']]),
      [
        [1, 1],
        [2, 2],
        [3, undefined],
        [4, 3],
        [5, 4],
        [6, 5],
      ],
    );
  });

  it('tells heartbeats and long polls of cancel marks', async () => {
    await project({ version: 2, cancelRequestedAtMs: 1_700_000_000_000, cancelCommandIds: ['cmd_a', 'cmd_b'] });
    assert.deepEqual(await postgres.runs.getCancelMarks(runId), {
      cancelRequestedAt: '2023-11-14T22:13:20.000Z',
      cancelCommandIds: ['cmd_a', 'cmd_b'],
    });
    await project({ version: 3, cancelRequestedAtMs: 1_700_000_000_000, cancelCommandIds: [] });
    assert.deepEqual((await postgres.runs.getCancelMarks(runId)).cancelCommandIds, []);
    assert.deepEqual(await postgres.runs.getCancelMarks('run_doesnotexist'), {
      cancelRequestedAt: null,
      cancelCommandIds: [],
    });
  });

  it('keeps the time at which the run ended, and kills its lease', async () => {
    await postgres.leases.grant({ runId, attempt: 1, runnerId: 'r1', leaseMs: 60_000 });
    const ended = { status: 'completed' as const, terminalStatus: 'completed' as const, claimedBy: 'r1' };
    await project({ version: 2, ...ended, atMs: 1_800_000_000_000 });
    await project({ version: 3, ...ended, atMs: 1_900_000_000_000 });
    assert.equal((await read()).finishedAt, '2027-01-15T08:00:00.000Z');
    assert.equal((await postgres.leases.read(runId))?.alive, false);
  });

  it('fences an earlier attempt that nobody expired or revoked', async () => {
    await postgres.leases.grant({ runId, attempt: 1, runnerId: 'r1', leaseMs: 60_000 });
    await project({ version: 2, attempt: 2 });
    assert.deepEqual(await postgres.leases.read(runId), {
      attempt: 2,
      runnerId: null,
      alive: false,
      expiresAtMs: null,
      renewedAtMs: null,
      isOver: false,
      ended: false,
    });
    await assert.rejects(
      postgres.events.append({ runId, fence: { attempt: 1 }, producer: 'r1', events: [{ type: 'plan', payload: {} }] }),
    );
  });

  it('moves no fence back that was advanced before the workflow heard of it', async () => {
    await postgres.leases.revoke(runId, 1);
    await postgres.leases.grant({ runId, attempt: 2, runnerId: 'r2', leaseMs: 60_000 });
    await project({ version: 2, attempt: 1, status: 'claimed' });
    const lease = await postgres.leases.read(runId);
    assert.deepEqual([lease?.attempt, lease?.runnerId, lease?.alive], [2, 'r2', true]);
  });

  it('takes the lease before the stream, as those do who end an attempt', async () => {
    const other = new Database({ connectionString: database.connectionString, maxConnections: 1 });
    let written: Promise<unknown> = Promise.resolve();
    await other.transaction(async (holder) => {
      await holder.query('SELECT FROM run_leases WHERE run_id = $1 FOR UPDATE', [runId]);
      written = project({ version: 2, events: [{ number: 1, type: 'plan', payload: {} }] });
      await eventually('the projection waits for the lease', async () => {
        const waiting = await database.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return waiting.length > 0;
      });
      await holder.query('SELECT FROM run_streams WHERE run_id = $1 FOR UPDATE NOWAIT', [runId]);
    });
    await written;
    await other.close();
    assert.equal((await events()).length, 1);
  });

  describe('a claim', () => {
    const claimed = { status: 'claimed' as const, claimedBy: 'r2', grant: { runnerId: 'r2', leaseMs: 60_000 } };

    it('begins the lease', async () => {
      await project({ version: 2, ...claimed });
      assert.equal((await postgres.leases.read(runId))?.runnerId, 'r2');
    });

    it('is not written without its lease: another runner has the attempt', async () => {
      await postgres.leases.grant({ runId, attempt: 1, runnerId: 'r1', leaseMs: 60_000 });
      await assert.rejects(project({ version: 2, ...claimed }), /lease/);
      assert.equal((await read()).status, 'pending');
    });

    it('of an attempt that is over is written, and gives nothing', async () => {
      await postgres.leases.revoke(runId, 1);
      assert.equal(await project({ version: 2, ...claimed }), 'written');
      assert.equal((await postgres.leases.read(runId))?.alive, false);
    });

    it('of a run that ended in the same snapshot is written, and gives nothing', async () => {
      const ended = { ...claimed, status: 'cancelled' as const, terminalStatus: 'cancelled' as const };
      assert.equal(await project({ version: 2, ...ended }), 'written');
      assert.equal((await postgres.leases.read(runId))?.alive, false);
    });
  });

  describe('wake-ups', () => {
    it('reach those who wait for commands, and for events when there are any', async () => {
      const commands = postgres.wakeups.subscribe(`commands:${runId}`);
      const events = postgres.wakeups.subscribe(`events:${runId}`);
      const woken: string[] = [];
      const waits = [
        commands.next(10_000).then(() => woken.push('commands')),
        events.next(10_000).then(() => woken.push('events')),
      ];
      await project({ version: 2, events: [{ number: 1, type: 'plan', payload: {} }] });
      await Promise.all(waits);
      assert.deepEqual(woken.sort(), ['commands', 'events']);
      commands.close();
      events.close();
    });
  });
});
