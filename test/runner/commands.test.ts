import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunnerFixture } from '../support/runner-fixture.js';
import type { ScriptedManager } from '../support/scripted-manager.js';

describe('the runner with the exec backend', () => {
  let fixture: RunnerFixture;
  let manager: ScriptedManager;

  beforeEach(async () => {
    fixture = await RunnerFixture.create();
    manager = fixture.manager;
  });
  afterEach(() => fixture.dispose());

  it('runs a turn in the workspace, tells what it prints and how it ended', async () => {
    const turn = manager.add('turn', 'echo out; echo err >&2; pwd > here');
    void fixture.start();
    await manager.ended(turn);
    assert.equal(turn.terminalStatus, 'completed');
    assert.equal(manager.output(turn.id, 'stdout'), 'out\n');
    assert.equal(manager.output(turn.id, 'stderr'), 'err\n');
    assert.equal((await readFile(join(fixture.workspace, 'here'), 'utf8')).trim(), fixture.workspace);
    const [message] = manager.events.filter((event) => event.type === 'user_message');
    assert.deepEqual(message?.payload, { text: 'echo out; echo err >&2; pwd > here', commandId: turn.id });
    const calls = manager.events.filter((event) => event.type === 'tool_call').map((event) => event.payload);
    assert.deepEqual(
      calls.map((call) => [call['toolName'], call['status'], call['commandId'], call['exitCode']]),
      [
        ['shell', 'running', turn.id, undefined],
        ['shell', 'completed', turn.id, 0],
      ],
    );
    assert.equal(manager.run.threadId, turn.threadId);
    assert.ok(manager.phases().includes('turn/started'));
  });

  it('ends a turn whose command fails as failed, naming the exit code or the signal', async () => {
    const [exits, dies] = [manager.add('turn', 'exit 7'), manager.add('turn', 'kill -9 $$')];
    void fixture.start();
    await manager.ended(dies);
    assert.deepEqual([exits.terminalStatus, exits.failureKind], ['failed', 'backend-failed']);
    assert.match(exits.failureMessage ?? '', /exit code 7/);
    assert.match(dies.failureMessage ?? '', /SIGKILL/);
  });

  it('runs turns one after another in the order of their seq', async () => {
    const turns = ['sleep 0.2; echo 1 >> log', 'echo 2 >> log', 'cat log'].map((line) => manager.add('turn', line));
    void fixture.start();
    await manager.ended(turns[2]!);
    assert.equal(manager.output(turns[2]!.id), '1\n2\n');
  });

  it('delivers a steer into the live turn before the turn is over', async () => {
    const turn = manager.add('turn', 'read line; echo "got $line"');
    void fixture.start();
    await manager.until(() => manager.phases().includes('turn/started'));
    const steer = manager.add('steer', 'go left');
    await manager.ended(turn);
    assert.equal(steer.terminalStatus, 'completed');
    assert.equal(manager.output(turn.id), 'got go left\n');
    const proof = manager.events.find((event) => event.payload['phase'] === 'steer-delivered');
    assert.equal(proof?.payload['commandId'], steer.id);
  });

  it('gives a steer that was open together with its turn to that turn', async () => {
    const turn = manager.add('turn', 'read line; echo "got $line"');
    const steer = manager.add('steer', 'early');
    void fixture.start();
    await manager.ended(turn);
    assert.deepEqual([steer.terminalStatus, manager.output(turn.id)], ['completed', 'got early\n']);
  });

  it('ends a steer that finds no turn as cancelled and too late', async () => {
    const turn = manager.add('turn', 'true');
    void fixture.start();
    await manager.ended(turn);
    const steer = manager.add('steer', 'too late');
    await manager.ended(steer);
    assert.equal(steer.terminalStatus, 'cancelled');
    assert.equal(steer.metadata?.['tooLate'], true);
  });

  it('ends a steer as too late when the turn no longer listens', async () => {
    const turn = manager.add('turn', 'exec <&-; echo deaf; sleep 30');
    void fixture.start();
    await manager.until(() => manager.output(turn.id).includes('deaf'));
    const steer = manager.add('steer', 'anyone?');
    await manager.ended(steer);
    assert.equal(steer.metadata?.['tooLate'], true);
  });

  it('interrupts the live turn and everything it started', async () => {
    const turn = manager.add('turn', 'sleep 300 & sleep 301 & echo ready; wait');
    void fixture.start();
    await manager.until(() => manager.output(turn.id).includes('ready'));
    const interrupt = manager.add('interrupt');
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, interrupt.terminalStatus], ['cancelled', 'completed']);
    const phases = manager.phases().filter((phase) => phase.startsWith('turn'));
    assert.deepEqual(phases, ['turn/started', 'turn/interrupt:requested', 'turn/interrupt:done', 'turn-cancelled']);
    assert.deepEqual(fixture.living(), []);
    const next = manager.add('turn', 'echo on');
    await manager.ended(next);
    assert.equal(next.terminalStatus, 'completed');
  });

  it('forces a turn that does not heed the interrupt', async () => {
    const turn = manager.add('turn', 'trap "" TERM; echo ready; sleep 300; sleep 300');
    void fixture.start({ AGENTRUN_RUNNER_INTERRUPT_GRACE_MS: '200' });
    await manager.until(() => manager.output(turn.id).includes('ready'));
    manager.add('interrupt');
    await manager.ended(turn);
    assert.equal(turn.terminalStatus, 'cancelled');
    assert.deepEqual(fixture.living(), []);
  });

  it('completes an interrupt with no turn to end, and says so', async () => {
    const interrupt = manager.add('interrupt');
    void fixture.start();
    await manager.ended(interrupt);
    assert.deepEqual([interrupt.terminalStatus, interrupt.failureMessage], ['completed', 'no turn was running']);
  });

  it('interrupts the turn that is named, and no other', async () => {
    const turn = manager.add('turn', 'echo ready; read word; echo $word');
    void fixture.start();
    await manager.until(() => manager.output(turn.id).includes('ready'));
    const late = manager.add('interrupt', '', { payload: { turnCommandId: 'cmd_the_one_before' } });
    await manager.ended(late);
    assert.deepEqual([late.terminalStatus, late.failureMessage], ['completed', 'that turn was not running']);
    assert.equal(turn.terminalStatus, null);
    const meant = manager.add('interrupt', '', { payload: { turnCommandId: turn.id } });
    await Promise.all([manager.ended(meant), manager.ended(turn)]);
    assert.deepEqual([turn.terminalStatus, meant.failureMessage], ['cancelled', null]);
  });

  it('interrupts a turn that waits behind the live one, which goes on', async () => {
    const live = manager.add('turn', 'echo ready; read word; echo $word');
    const waiting = manager.add('turn', 'echo never');
    void fixture.start();
    await manager.until(() => manager.output(live.id).includes('ready'));
    const interrupt = manager.add('interrupt', '', { payload: { turnCommandId: waiting.id } });
    await manager.ended(interrupt);
    manager.add('steer', 'on');
    await Promise.all([manager.ended(live), manager.ended(waiting)]);
    assert.deepEqual([live.terminalStatus, waiting.terminalStatus], ['completed', 'cancelled']);
    assert.equal(manager.output(waiting.id), '');
  });

  it('cancels a command that the manager wants cancelled, live or waiting', async () => {
    const [live, waiting, last] = [
      manager.add('turn', 'echo ready; sleep 300'),
      manager.add('turn', 'touch must-not-be'),
      manager.add('turn', 'ls'),
    ];
    void fixture.start();
    await manager.until(() => manager.output(live.id).includes('ready'));
    manager.cancelCommand(waiting.id);
    manager.cancelCommand(live.id);
    await manager.ended(last);
    assert.deepEqual([live.terminalStatus, waiting.terminalStatus], ['cancelled', 'cancelled']);
    assert.equal(manager.output(last.id), '');
  });

  it('does not run a waiting turn that the manager has ended meanwhile', async () => {
    const live = manager.add('turn', 'read line');
    const waiting = manager.add('turn', 'touch must-not-be');
    const last = manager.add('turn', 'ls');
    void fixture.start();
    await manager.until(() => manager.phases().includes('turn/started'));
    Object.assign(waiting, { state: 'cancelled', terminalStatus: 'cancelled' });
    manager.add('steer', 'go on');
    await manager.ended(last);
    assert.deepEqual([live.terminalStatus, manager.output(last.id)], ['completed', '']);
  });

  it('ends everything and the run as cancelled when the run is cancelled', async () => {
    const turn = manager.add('turn', 'echo ready; sleep 300');
    const end = fixture.start();
    await manager.until(() => manager.output(turn.id).includes('ready'));
    manager.cancelRun();
    assert.equal(await end, 'run-ended');
    assert.deepEqual([turn.terminalStatus, manager.run.terminalStatus], ['cancelled', 'cancelled']);
    assert.deepEqual(fixture.living(), []);
  });

  it('ends a turn that takes too long as hard-timeout', async () => {
    manager.run.executionPolicy.timeoutMs = 300;
    const turn = manager.add('turn', 'while true; do echo .; sleep 0.05; done');
    void fixture.start();
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['failed', 'hard-timeout']);
    assert.deepEqual(fixture.living(), []);
  });

  it('ends a silent turn as idle-timeout, and not one that speaks', async () => {
    manager.run.executionPolicy.idleTimeoutMs = 10_000;
    const speaks = manager.add('turn', 'for i in $(seq 24); do echo $i; sleep 0.5; done');
    const silent = manager.add('turn', 'sleep 300');
    void fixture.start();
    await manager.ended(silent, 80_000);
    assert.equal(speaks.terminalStatus, 'completed');
    assert.deepEqual([silent.terminalStatus, silent.failureKind], ['failed', 'idle-timeout']);
  }).timeout(90_000);

  it("ends the run with its last turn's status when no command comes", async () => {
    const turn = manager.add('turn', 'exit 3');
    assert.equal(await fixture.start({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '300' }), 'run-ended');
    assert.equal(turn.terminalStatus, 'failed');
    assert.deepEqual([manager.run.terminalStatus, manager.run.failureKind], ['failed', 'backend-failed']);
  });

  it("ends the run with its last turn's status also where an attempt before did that turn", async () => {
    const ended = { failureKind: 'backend-failed', failureMessage: 'exit code 3' } as const;
    manager.add('turn', 'true', { state: 'completed', terminalStatus: 'completed' });
    manager.add('turn', 'exit 3', { state: 'failed', terminalStatus: 'failed', ...ended });
    manager.add('interrupt', '', { state: 'completed', terminalStatus: 'completed' });
    assert.equal(await fixture.start({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '200' }), 'run-ended');
    const { terminalStatus, failureKind, failureMessage } = manager.run;
    assert.deepEqual({ terminalStatus, failureKind, failureMessage }, { terminalStatus: 'failed', ...ended });
  });

  it('ends a run that never got a command as completed', async () => {
    assert.equal(await fixture.start({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '200' }), 'run-ended');
    assert.equal(manager.run.terminalStatus, 'completed');
  });

  it('ends when the run ended with its turn', async () => {
    manager.endsWithTurn = true;
    manager.add('turn', 'true');
    assert.equal(await fixture.start(), 'run-ended');
  });

  it('does a command once, however often it is listed', async () => {
    const turn = manager.add('turn', 'echo once >> log; cat log');
    void fixture.start();
    await manager.ended(turn);
    Object.assign(turn, { terminalStatus: null, state: 'acknowledged', seq: 5 });
    const next = manager.add('turn', 'cat log', { seq: 6 });
    await manager.ended(next);
    assert.equal(manager.output(next.id), 'once\n');
  });

  it("gives the agent an allowlist of the environment, the Job's own variables, and no token", async () => {
    const turn = manager.add('turn', 'env');
    void fixture.start({ AGENTRUN_AGENT_ENV_GREETING: 'hello', SECRET_THING: 'planted', LC_TIME: 'C' });
    await manager.ended(turn);
    const names = manager
      .output(turn.id)
      .split('\n')
      .map((line) => line.split('=')[0]!)
      .filter((name) => name !== '' && !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))
      .sort();
    assert.deepEqual(names, ['AGENTRUN_JOB_NAME', 'GREETING', 'HOME', 'LC_TIME', 'PATH']);
  });

  it('keeps a character that comes in two pieces whole', async () => {
    const turn = manager.add('turn', "printf 'caf\\303'; sleep 0.1; printf '\\251'");
    void fixture.start();
    await manager.ended(turn);
    assert.equal(manager.output(turn.id), 'café');
  });

  it('ends the turn when the shell does, and ends what it left running', async () => {
    const turn = manager.add('turn', 'sleep 300 & echo done');
    void fixture.start();
    await manager.ended(turn);
    assert.equal(turn.terminalStatus, 'completed');
    assert.deepEqual(fixture.living(), []);
  });
});
