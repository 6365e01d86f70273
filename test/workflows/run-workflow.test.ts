import assert from 'node:assert/strict';
import { runnerIdOfJob, runnerJobId } from '../../src/domain/ids.js';
import { RUNNER_EXIT_CODES } from '../../src/domain/runner-program.js';
import * as messages from '../../workflows/run/messages.js';
import { gate, refusalOf, RunScenes, sayer, until } from '../support/run-scenes.js';
import { POLICY } from '../unit/workflows/run-fixtures.js';

const COMPLETED = { status: 'completed', failureKind: null, message: null } as const;

describe('runWorkflow', function () {
  this.timeout(120_000);
  const scenes = new RunScenes();
  const play: RunScenes['play'] = async (overrides, scene) => scenes.play(overrides, scene);

  before(async () => scenes.load());
  beforeEach(async () => scenes.set());
  afterEach(async () => scenes.strike());

  it('lives one turn and ends by its runner', async () => {
    await play({}, async ({ handle, records, runId, claim, turn, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      await handle.executeUpdate(messages.finishCommandUpdate, {
        args: [{ runId, commandId: 'cmd_a', outcome: COMPLETED, attempt: 1 }],
      });
      await handle.executeUpdate(messages.finishRunUpdate, {
        args: [{ runId, outcome: COMPLETED, attempt: 1, lastCommandSeq: 1 }],
      });
      assert.deepEqual(await result(), { status: 'completed', attempt: 1 });
      assert.equal(records.latest.status, 'completed');
      assert.deepEqual(records.commands, { cmd_a: 'completed' });
    });
  });

  it('gives the run to exactly one of twenty runners that claim at once', async () => {
    await play({}, async ({ handle, claim, runId }) => {
      const runners = Array.from({ length: 20 }, (_, index) => `runner-${index}`);
      const claims = await Promise.allSettled(runners.map(claim));
      assert.equal(claims.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const refused of claims.filter((settled) => settled.status === 'rejected')) {
        assert.equal(refusalOf(refused.reason), 'held-by-another-runner');
      }
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
    });
  });

  it('launches a Job for each attempt, stops the lost one first, and waits longer each time', async () => {
    await play({}, async ({ handle, records, runId, claim, turn, result }) => {
      await turn('cmd_a');
      await handle.executeUpdate(messages.requestRunnerJobUpdate, {
        args: [{ runId, attempt: 1, jobId: runnerJobId(runId, 1) }],
      });
      await until(() => records.launched.length === 1);
      await claim(runnerIdOfJob(runnerJobId(runId, 1)));
      await handle.signal(messages.runnerExitedSignal, { runId, attempt: 1, reason: 'killed', exitCode: 137 });
      await until(
        () => records.launched.length === 2,
        async () => scenes.environment.sleep(200),
      );
      assert.deepEqual(records.stopped, [runnerJobId(runId, 1)]);
      // Nobody claims attempts 2 and 3: each ends at its start deadline.
      assert.deepEqual(await result(), { status: 'failed', attempt: 3 });
      assert.deepEqual(records.launched, [1, 2, 3]);
      assert.equal(records.latest.failureKind, 'runner-start-failed');
      assert.deepEqual(records.commands, { cmd_a: 'failed' });
    });
  });

  it('holds against no attempt that nobody could claim it while the API was away', async () => {
    await play({}, async ({ handle, records, runId, claim, turn }) => {
      const deadlineMs = POLICY.startDeadlineMs;
      records.acceptingMs = [0, 0, deadlineMs / 2];
      await turn('cmd_a');
      const beganAt = await scenes.environment.currentTimeMs();
      const asked = { runId, attempt: 1, jobId: runnerJobId(runId, 1) };
      await handle.executeUpdate(messages.requestRunnerJobUpdate, { args: [asked] });
      await until(
        () => records.acceptingMs.length === 1,
        async () => scenes.environment.sleep(deadlineMs / 4),
      );
      assert.ok((await scenes.environment.currentTimeMs()) - beganAt >= 2 * deadlineMs);
      assert.deepEqual(await claim(runnerIdOfJob(asked.jobId)), { attempt: 1 });
      assert.deepEqual(records.launched, [1]);
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
    });
  });

  it('loses one attempt to an outage of the API, however many runners would give up in it', async () => {
    await play({}, async ({ handle, records, runId, claim, turn, ack }) => {
      await turn('cmd_a');
      const asked = { runId, attempt: 1, jobId: runnerJobId(runId, 1) };
      await handle.executeUpdate(messages.requestRunnerJobUpdate, { args: [asked] });
      await until(() => records.launched.length === 1);
      await claim(runnerIdOfJob(asked.jobId));
      await ack('cmd_a');
      records.acceptingMs = [0, 0, 0, 1_000];
      const abandoned = { reason: 'exited', exitCode: RUNNER_EXIT_CODES.abandoned };
      await handle.signal(messages.runnerExitedSignal, { runId, attempt: 1, ...abandoned });
      await until(
        () => records.acceptingMs.length === 1,
        async () => {
          assert.deepEqual(records.launched, [1], 'nobody could claim a further attempt yet');
          await scenes.environment.sleep(POLICY.turnTimeoutMs / 4);
        },
      );
      await until(
        () => records.launched.length === 2,
        async () => scenes.environment.sleep(200),
      );
      assert.deepEqual(records.commands, { cmd_a: 'acknowledged' }, 'its turn did not pass a limit meanwhile');
      assert.equal(records.latest.attempt, 2);
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
    });
  });

  it('takes the end of a turn that came in time, and could only be told after its limit', async () => {
    await play({}, async ({ handle, records, runId, turn, claim, ack }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      records.silentMs = 0;
      records.acceptingMs = [0, 0];
      await until(
        () => records.acceptingMs.length === 1,
        async () => scenes.environment.sleep(POLICY.turnTimeoutMs / 4),
      );
      const outcome = { status: 'completed', failureKind: null, message: null } as const;
      await handle.executeUpdate(messages.finishCommandUpdate, { args: [{ runId, commandId: 'cmd_a', outcome }] });
      assert.deepEqual(records.commands, { cmd_a: 'completed' });
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
    });
  });

  it('believes a lost lease only when the database does', async () => {
    await play({}, async ({ handle, records, runId, claim }) => {
      await claim('runner-1');
      await handle.signal(messages.leaseExpiredSignal, { runId, attempt: 1 });
      assert.equal((await handle.query(messages.runStateQuery)).attempt, 1);
      records.leaseIsOver = true;
      assert.deepEqual(await claim('runner-2'), { attempt: 2 }, 'another runner takes over at once');
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
    });
  });

  it('gives the next attempt to nobody who came for the lost one', async () => {
    await play({}, async ({ handle, records, runId, turn, claim }) => {
      await turn('cmd_a');
      const asked = { runId, attempt: 1, jobId: runnerJobId(runId, 1) };
      await handle.executeUpdate(messages.requestRunnerJobUpdate, { args: [asked] });
      await until(() => records.launched.length === 1);
      await claim('somebody-elses');
      records.leaseIsOver = true;
      const late = { runId, runnerId: runnerIdOfJob(asked.jobId), leaseMs: 60_000, attempt: 1 };
      const claimed = handle.executeUpdate(messages.claimRunUpdate, { args: [late] });
      await assert.rejects(claimed, (error) => refusalOf(error) === 'attempt-over', 'its own Job is being stopped');
      await until(
        () => records.launched.length === 2,
        async () => scenes.environment.sleep(200),
      );
      assert.deepEqual([records.launched, records.stopped], [[1, 2], [asked.jobId]]);
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
    });
  });

  it('ends a turn whose runner lets it pass its limit, and the attempt with it', async () => {
    await play({ endsWithTurn: true }, async ({ records, turn, claim, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      records.silentMs = 0;
      await result();
      assert.equal(records.latest.failureKind, 'hard-timeout');
      assert.equal(records.latest.terminalStatus, 'failed');
    });
  });

  it('ends a turn that is silent for too long though its runner heartbeats', async () => {
    await play({ endsWithTurn: true }, async ({ records, turn, claim, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      await result();
      assert.equal(records.latest.failureKind, 'idle-timeout');
    });
  });

  it('stops a runner that ignores a cancel, by force, after its grace', async () => {
    await play({}, async ({ handle, records, runId, turn, claim, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: { noteId: 'note_1' } }] });
      assert.equal(records.latest.cancelRequestedAtMs !== null, true);
      assert.equal((await result()).status, 'cancelled');
      assert.deepEqual(records.latest.failureMessage, { noteId: 'note_1' });
    });
  });

  it('takes a cancel in Temporal for a cancel of the run', async () => {
    await play({}, async ({ handle, records, turn, claim, ack, result }) => {
      await turn('cmd_a');
      await claim('runner-1');
      await ack('cmd_a');
      await handle.cancel();
      assert.deepEqual(await result(), { status: 'cancelled', attempt: 1 });
      assert.deepEqual(records.latest.failureMessage, { text: 'Cancelled in Temporal.' });
      assert.deepEqual(records.commands, { cmd_a: 'cancelled' });
    });
  });

  it('ends a run nobody ever claims', async () => {
    await play({}, async ({ records, result }) => {
      assert.equal((await result()).status, 'failed');
      assert.equal(records.latest.failureKind, 'runner-start-failed');
    });
  });

  it('carries everything over continue-as-new, and loses no message on the way', async () => {
    await play({ continueAsNewAtEvents: 40 }, async ({ handle, records, runId, claim, turn, ack, result }) => {
      await claim('runner-1');
      const first = await handle.describe();
      for (let index = 0; index < 30; index += 1) {
        await turn(`cmd_${index}`);
        await ack(`cmd_${index}`);
        await handle.executeUpdate(messages.finishCommandUpdate, {
          args: [{ runId, commandId: `cmd_${index}`, outcome: COMPLETED, runnerId: 'runner-1' }],
        });
      }
      assert.notEqual((await handle.describe()).runId, first.runId, 'it did continue as new');
      await handle.executeUpdate(messages.finishRunUpdate, {
        args: [{ runId, outcome: COMPLETED, runnerId: 'runner-1', lastCommandSeq: 30 }],
      });
      assert.equal((await result()).status, 'completed');
      assert.equal(records.latest.lastCommandSeq, 30);
      assert.deepEqual(new Set(Object.values(records.commands)), new Set(['completed']));
      const numbers = records.snapshots.flatMap(({ events }) => events.map(({ number }) => number));
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => index + 1),
        'each of its own events once, in order',
      );
    });
  });

  it('has the turn it is opened with from its first snapshot on, once, also over continue-as-new', async () => {
    const opening = { turn: { commandId: 'cmd_first' }, runnerJob: true };
    await play({ opening, continueAsNewAtEvents: 40 }, async ({ handle, records, runId, claim, turn, ack, result }) => {
      assert.deepEqual(
        records.snapshots[0]?.commands.map(({ id }) => id),
        ['cmd_first'],
      );
      await until(() => records.launched.length === 1);
      const runnerId = runnerIdOfJob(runnerJobId(runId, 1));
      await claim(runnerId);
      const first = await handle.describe();
      for (const commandId of ['cmd_first', ...Array.from({ length: 20 }, (_, index) => `cmd_${index}`)]) {
        if (commandId !== 'cmd_first') await turn(commandId);
        await ack(commandId);
        await handle.executeUpdate(messages.finishCommandUpdate, {
          args: [{ runId, commandId, outcome: COMPLETED, runnerId }],
        });
      }
      assert.notEqual((await handle.describe()).runId, first.runId, 'it did continue as new');
      await handle.executeUpdate(messages.openRunUpdate, { args: [{ runId }] });
      await handle.executeUpdate(messages.finishRunUpdate, {
        args: [{ runId, outcome: COMPLETED, runnerId, lastCommandSeq: 21 }],
      });
      assert.equal((await result()).status, 'completed');
      assert.equal(records.latest.lastCommandSeq, 21);
      assert.deepEqual(records.launched, [1]);
    });
  });

  it('refuses a message for another run of the session, and leaves the live one alone', async () => {
    await play({}, async ({ handle, records, runId }) => {
      const foreign = handle.executeUpdate(messages.cancelRunUpdate, {
        args: [{ runId: 'run_another00000000', reason: null }],
      });
      await assert.rejects(foreign, (error) => refusalOf(error) === 'run-not-here');
      assert.equal(records.latest.status, 'pending');
      await handle.executeUpdate(messages.cancelRunUpdate, { args: [{ runId, reason: null }] });
    });
  });

  it('costs few history events for a turn whose senders write', async () => {
    const looking = gate();
    await scenes.play(
      {},
      async ({ handle, records, runId, result }) => {
        const say = sayer(handle, runId);
        await handle.executeUpdate(messages.openRunUpdate, { args: [{ runId, senderWrites: true }] });
        await say(messages.addCommandUpdate, { commandId: 'cmd_a', type: 'turn' });
        await say(messages.requestRunnerJobUpdate, { attempt: 1, jobId: runnerJobId(runId, 1) });
        await until(() => records.launched.length === 1);
        await say(messages.claimRunUpdate, { runnerId: runnerIdOfJob(runnerJobId(runId, 1)), leaseMs: 60_000 });
        await say(messages.ackCommandUpdate, { commandId: 'cmd_a' });
        await say(messages.finishCommandUpdate, { commandId: 'cmd_a', outcome: COMPLETED });
        await say(messages.finishRunUpdate, { outcome: COMPLETED });
        await result().finally(() => looking.open());
        const { historyLength } = await handle.describe();
        // 64, opened apart from its start as it is here, and seven fewer otherwise (docs/benchmarks.md). An answer that comes alone costs three.
        assert.ok(historyLength <= 73, `${historyLength} events`);
      },
      (records) => (records.onLook = looking.pass),
      { isToldToOpen: false },
    );
  });
});
