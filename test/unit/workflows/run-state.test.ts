import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RunRefused } from '../../../src/domain/refusals.js';
import { compareProgress } from '../../../src/domain/run-lifecycle.js';
import type { RunSnapshot } from '../../../src/domain/run-snapshot.js';
import { dropWritten, takeSnapshot } from '../../../workflows/run/snapshot.js';
import type { RunState } from '../../../workflows/run/run-state.js';
import { newState, runInput } from './run-fixtures.js';

const COMPLETED = { status: 'completed', failureKind: null, message: null } as const;
const FAILED = { status: 'failed', failureKind: 'backend-failed', message: null } as const;
const RUN_ID = 'run_00000000000000000001';

const refused = (type: string) => (error: unknown) => error instanceof RunRefused && error.type === type;
const finish = (commandId: string, outcome = COMPLETED as typeof COMPLETED | typeof FAILED) => ({
  runId: RUN_ID,
  commandId,
  outcome,
});

describe('RunState', () => {
  it('goes from pending over claimed and running to completed', () => {
    const run = newState();
    const seen = [run.data.lifecycle.status];
    run.addCommand('cmd_a', 'turn');
    run.claim('runner-1', 60_000);
    seen.push(run.data.lifecycle.status);
    run.ackCommand('cmd_a', 'thread-1');
    seen.push(run.data.lifecycle.status);
    run.finishCommand(finish('cmd_a'));
    run.finish(COMPLETED, { byRunner: true, lastCommandSeq: 1 });
    seen.push(run.data.lifecycle.status);
    assert.deepEqual(seen, ['pending', 'claimed', 'running', 'completed']);
    assert.equal(run.data.threadId, 'thread-1');
  });

  it('numbers commands in the order it accepts them, and a repeated one once', () => {
    const run = newState();
    assert.deepEqual(
      [run.addCommand('cmd_a', 'turn'), run.addCommand('cmd_b', 'steer'), run.addCommand('cmd_a', 'turn')],
      [1, 2, 1],
    );
    run.claim('runner-1', 60_000);
    run.ackCommand('cmd_a', undefined);
    run.finishCommand(finish('cmd_a'));
    assert.equal(run.addCommand('cmd_a', 'turn'), 1, 'also after it ended');
    assert.deepEqual(
      run.openCommands.map(({ id }) => id),
      ['cmd_b'],
    );
  });

  it('ends an interrupt that nobody is there for, at once or when its runner is lost, and waits on', () => {
    const run = newState();
    run.writingWithJobs = true;
    run.addCommand('cmd_a', 'turn');
    run.addCommand('cmd_early', 'interrupt');
    run.endNeedlessInterrupts();
    assert.deepEqual(
      run.openCommands.map(({ id }) => id),
      ['cmd_a', 'cmd_early'],
      'a turn waits to be stopped',
    );
    run.claim('runner-1', 60_000);
    run.ackCommand('cmd_a', undefined);
    run.finishCommand(finish('cmd_a'));
    assert.deepEqual(
      run.openCommands.map(({ id }) => id),
      ['cmd_early'],
      'its runner ends it',
    );
    run.lose({ why: 'lease-expired' });
    assert.deepEqual(run.openCommands, []);
    assert.notEqual(run.data.quietSinceMs, null, 'the run ends by idling');
    run.addCommand('cmd_late', 'interrupt');
    run.endNeedlessInterrupts();
    const ended = run.data.unwritten.commands.findLast(({ id }) => id === 'cmd_late');
    assert.equal(ended?.state, 'completed');
    assert.notEqual(run.data.quietSinceMs, null);
  });

  it('ends all that was cancelled with the attempt that is lost, also where the end of one is the run’s', () => {
    const run = newState({ endsWithTurn: true });
    run.addCommand('cmd_a', 'turn');
    run.addCommand('cmd_stop', 'interrupt');
    run.claim('runner-1', 60_000);
    run.ackCommand('cmd_a', undefined);
    run.ackCommand('cmd_stop', undefined);
    run.cancelCommand('cmd_a', null);
    run.cancelCommand('cmd_stop', null);
    run.lose({ why: 'lease-expired' });
    assert.deepEqual([run.terminal, run.data.lifecycle.status, run.openCommands], [true, 'cancelled', []]);
  });

  it('gives the attempt to one runner only', () => {
    const run = newState();
    run.claim('runner-1', 60_000);
    run.claim('runner-1', 60_000);
    assert.throws(() => run.claim('runner-2', 60_000), refused('held-by-another-runner'));
  });

  it('admits no writer of another attempt or another runner', () => {
    const run = newState();
    run.claim('runner-1', 60_000);
    run.admit({});
    run.admit({ attempt: 1, runnerId: 'runner-1' });
    assert.throws(() => run.admit({ attempt: 2 }), refused('attempt-over'));
    assert.throws(() => run.admit({ runnerId: 'runner-2' }), refused('attempt-over'));
    run.lose({ why: 'lease-expired' });
    assert.throws(() => run.admit({ attempt: 1, runnerId: 'runner-1' }), refused('attempt-over'));
  });

  it('carries what is not known to be written, with the version that it came with', () => {
    const run = newState();
    const input = runInput();
    run.claim('runner-1', 60_000);
    run.addCommand('cmd_a', 'turn');
    const first = takeSnapshot(input, run.data, 'execution-1');
    run.addCommand('cmd_b', 'turn');
    const second = takeSnapshot(input, run.data, 'execution-1');
    const carried = ({ commands, grant }: RunSnapshot) => [
      commands.map(({ id, version }) => [id, version]),
      grant?.version,
    ];
    assert.deepEqual(carried(first), [[['cmd_a', first.version]], first.version]);
    assert.deepEqual(carried(second), [
      [
        ['cmd_a', first.version],
        ['cmd_b', second.version],
      ],
      first.version,
    ]);
    dropWritten(run.data, first.version);
    assert.deepEqual(carried(takeSnapshot(input, run.data, 'execution-1')), [[['cmd_b', second.version]], undefined]);
  });

  it('carries no claim of an attempt that is over by then', () => {
    const run = newState();
    run.claim('runner-1', 60_000);
    takeSnapshot(runInput(), run.data, 'execution-1');
    run.lose({ why: 'lease-expired' });
    const { grant, events } = takeSnapshot(runInput(), run.data, 'execution-1');
    assert.equal(grant, null);
    assert.deepEqual(
      events.map(({ number }) => number),
      [1, 2],
    );
  });

  it('forgets a command that nobody wrote down, and goes on as if it had never come', () => {
    const run = newState();
    run.addCommand('cmd_a', 'turn');
    run.addCommand('cmd_ghost', 'turn');
    assert.equal(run.forget('cmd_ghost'), true);
    assert.equal(run.forget('cmd_ghost'), false);
    assert.deepEqual([run.isForgotten('cmd_ghost'), run.isForgotten('cmd_a')], [true, false]);
    assert.throws(() => run.ackCommand('cmd_ghost', undefined), refused('command-unknown'));
    assert.throws(() => run.finishCommand(finish('cmd_ghost')), refused('command-unknown'));
    assert.deepEqual(
      [run.openCommands, run.data.unwritten.commands].map((commands) => commands.map(({ id }) => id)),
      [['cmd_a'], ['cmd_a']],
    );
    assert.equal(run.addCommand('cmd_ghost', 'turn'), 3, 'written down by now');
    assert.equal(run.isForgotten('cmd_ghost'), false);
  });

  it('hands open commands on to the next attempt', () => {
    const run = newState();
    run.requestJob(1);
    run.addCommand('cmd_a', 'turn');
    run.jobLaunched(1);
    run.claim('runner-1', 60_000);
    run.ackCommand('cmd_a', undefined);
    run.lose({ why: 'runner-exited', claimed: true, reason: 'killed', exitCode: 137 });
    assert.equal(run.data.lifecycle.status, 'pending');
    assert.equal(run.attempt, 2);
    assert.equal(run.data.job.stopFirst, 1);
    run.claim('runner-2', 60_000);
    run.ackCommand('cmd_a', undefined);
    assert.equal(run.data.lifecycle.status, 'running');
    assert.equal(run.command('cmd_a').lifecycle.acknowledgedBy, 2);
  });

  it('does not try again what the next attempt would meet as well', () => {
    const run = newState();
    run.addCommand('cmd_a', 'turn');
    run.jobLaunched(1);
    run.lose({ why: 'runner-exited', claimed: false, reason: 'InvalidImageName', exitCode: null });
    assert.deepEqual([run.terminal, run.attempt], [true, 1]);
    assert.equal(run.data.lifecycle.outcome?.failureKind, 'runner-start-failed');
  });

  it('fails with the loss of its last attempt, and its open commands with it', () => {
    const run = newState();
    run.addCommand('cmd_a', 'turn');
    for (const attempt of [1, 2, 3]) {
      assert.equal(run.attempt, attempt);
      run.claim(`runner-${attempt}`, 60_000);
      run.lose({ why: 'lease-expired' });
    }
    assert.equal(run.data.lifecycle.outcome?.failureKind, 'runner-lost');
    const ended = run.data.unwritten.commands.at(-1);
    assert.deepEqual([ended?.id, ended?.state, ended?.failureKind], ['cmd_a', 'failed', 'runner-lost']);
  });

  it('refuses a finish that has not seen the newest command', () => {
    const run = newState();
    run.claim('runner-1', 60_000);
    run.addCommand('cmd_a', 'turn');
    assert.throws(() => run.finish(COMPLETED, { byRunner: true, lastCommandSeq: 0 }), refused('newer-command'));
    run.finish(COMPLETED, { byRunner: false });
    assert.equal(run.data.unwritten.commands.at(-1)?.state, 'cancelled', "an operator's finish is final");
  });

  it('makes a steer that came too late the next turn', () => {
    const run = newState();
    run.claim('runner-1', 60_000);
    run.addCommand('cmd_s', 'steer');
    run.finishCommand({ ...finish('cmd_s'), tooLate: true });
    const next = run.openCommands[0];
    assert.deepEqual([next?.id, next?.lifecycle.type, next?.payloadOf, next?.seq], ['cmd_st', 'turn', 'cmd_s', 2]);
    const steer = run.data.unwritten.commands.find(({ id, finishedAtMs }) => id === 'cmd_s' && finishedAtMs !== null);
    assert.deepEqual([steer?.state, steer?.supersededBy], ['cancelled', 'cmd_st']);
  });

  it('cancels at once what nobody works on, and marks what a runner holds', () => {
    const idle = newState();
    idle.addCommand('cmd_a', 'turn');
    assert.equal(idle.cancelRun(null), true);
    assert.equal(idle.data.lifecycle.status, 'cancelled');
    const held = newState();
    held.addCommand('cmd_a', 'turn');
    held.claim('runner-1', 60_000);
    held.ackCommand('cmd_a', undefined);
    assert.equal(held.cancelCommand('cmd_a', { noteId: 'n1' }), false);
    held.finishCommand(finish('cmd_a', FAILED));
    assert.deepEqual(
      held.data.unwritten.commands.at(-1)?.state,
      'cancelled',
      'what was asked to stop and stopped was cancelled',
    );
  });

  it('ends with its turn where it was started for one', () => {
    const run = newState({ endsWithTurn: true });
    run.addCommand('cmd_a', 'turn');
    run.claim('runner-1', 60_000);
    run.ackCommand('cmd_a', undefined);
    run.finishCommand(finish('cmd_a', FAILED));
    assert.equal(run.data.lifecycle.outcome?.failureKind, 'backend-failed');
  });

  it('ends a one-turn run when what was said to its turn ends after the turn did', () => {
    const steered = () => {
      const run = newState({ endsWithTurn: true });
      run.addCommand('cmd_a', 'turn');
      run.claim('runner-1', 60_000);
      run.ackCommand('cmd_a', undefined);
      run.addCommand('cmd_s', 'steer');
      run.finishCommand(finish('cmd_a', FAILED));
      assert.equal(run.terminal, false);
      return run;
    };
    const delivered = steered();
    delivered.finishCommand(finish('cmd_s'));
    assert.equal(delivered.data.lifecycle.outcome?.failureKind, 'backend-failed');
    const cancelled = steered();
    cancelled.cancelCommand('cmd_s', null);
    assert.equal(cancelled.data.lifecycle.status, 'failed');
    const handedOn = steered();
    handedOn.finishCommand({ ...finish('cmd_s'), tooLate: true });
    assert.equal(handedOn.terminal, false);
    handedOn.ackCommand(handedOn.openCommands[0]!.id, undefined);
    handedOn.finishCommand(finish(handedOn.openCommands[0]!.id));
    assert.equal(handedOn.data.lifecycle.status, 'completed');
  });

  it('adds a command that is open once, however many were added since', () => {
    const run = newState();
    for (let n = 1; n <= 102; n += 1) run.addCommand(`cmd_${n}`, 'turn');
    assert.equal(run.addCommand('cmd_1', 'turn'), 1);
    assert.equal(run.openCommands.length, 102);
  });

  it('refuses to take a turn of a run that nobody holds, and changes nothing then', () => {
    const run = newState();
    run.addCommand('cmd_a', 'turn');
    const before = JSON.stringify(run.data);
    assert.throws(() => run.ackCommand('cmd_a', 'thread-1'), refused('attempt-over'));
    assert.equal(JSON.stringify(run.data), before);
  });

  it('does not make a turn of a steer that somebody cancelled', () => {
    const run = newState();
    run.claim('runner-1', 60_000);
    run.addCommand('cmd_s', 'steer');
    run.ackCommand('cmd_s', undefined);
    run.cancelCommand('cmd_s', null);
    run.finishCommand({ ...finish('cmd_s'), tooLate: true });
    assert.deepEqual(run.openCommands, []);
  });

  it('ends with its turn also when that is cancelled before anybody took it', () => {
    const run = newState({ endsWithTurn: true });
    run.addCommand('cmd_a', 'turn');
    run.cancelCommand('cmd_a', null);
    assert.equal(run.data.lifecycle.status, 'cancelled');
  });

  it('under any messages: progress never goes back, versions only grow, a terminal run never changes', () => {
    const steps = [
      'claim1',
      'claim2',
      'turn',
      'steer',
      'ack',
      'finish',
      'tooLate',
      'cancelTurn',
      'cancelRun',
      'lose',
      'stopped',
      'end',
      'job',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 60 }), (messages) => {
        const run = newState();
        let before = { ...run.data.lifecycle, version: run.data.version };
        messages.forEach((message, index) => {
          attempt(run, () => act(run, message, `cmd_${index}`));
          const now = { ...run.data.lifecycle, version: run.data.version };
          assert.ok(compareProgress(now, before) >= 0, `${before.status} → ${now.status} by ${message}`);
          assert.ok(now.version >= before.version);
          if (before.outcome !== null) assert.deepEqual(now, before);
          if (now.outcome !== null) assert.equal(run.openCommands.length, 0);
          before = now;
        });
        const terminal = run.data.unwritten.events.filter(({ type }) => type === 'terminal_status');
        assert.equal(terminal.length, run.terminal ? 1 : 0);
        assert.deepEqual(JSON.parse(JSON.stringify(run.data)), run.data, 'plain JSON');
      }),
    );
  });
});

function attempt(run: RunState, action: () => void): void {
  const before = JSON.stringify(run.data);
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof RunRefused, String(error));
    assert.equal(JSON.stringify(run.data), before, 'what is refused changes nothing');
  }
}

function act(run: RunState, message: string, id: string): void {
  const turn = run.openCommands.find(({ lifecycle }) => lifecycle.type === 'turn');
  const steer = run.openCommands.find(({ lifecycle }) => lifecycle.type === 'steer');
  const actions: Record<string, () => unknown> = {
    claim1: () => run.claim('runner-1', 60_000),
    claim2: () => run.claim('runner-2', 60_000),
    turn: () => run.addCommand(id, 'turn'),
    steer: () => run.addCommand(id, 'steer'),
    ack: () => turn && run.ackCommand(turn.id, undefined),
    finish: () => turn && run.finishCommand(finish(turn.id)),
    tooLate: () => steer && run.finishCommand({ ...finish(steer.id), tooLate: true }),
    cancelTurn: () => turn && run.cancelCommand(turn.id, null),
    cancelRun: () => run.cancelRun(null),
    lose: () => run.terminal || run.lose({ why: 'lease-expired' }),
    stopped: () => (run.data.job.stopFirst = null),
    end: () => run.finish(COMPLETED, { byRunner: true, lastCommandSeq: 3 }),
    job: () => run.requestJob(run.attempt),
  };
  actions[message]?.();
}
