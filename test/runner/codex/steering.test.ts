import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { processTable } from '../../../src/processes/process-table.js';
import { CodexRunner } from '../../support/codex-runner.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../../support/codex.js';
import { answer, shellCall, text } from '../../support/mock-provider/answers.js';
import { heldText } from '../../support/mock-provider/held-text.js';

describe('what is said to a live turn of codex', () => {
  let runner: CodexRunner;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    await codexForTests();
  });
  afterEach(() => runner.dispose());

  const userMessages = () => runner.payloads('user_message').map(({ text, commandId }) => [text, commandId]);

  it('is delivered while the model speaks, and proved by the message that the thread shows', async () => {
    const held = heldText('I will go ');
    runner = await CodexRunner.create([held.reply, text('Left it is.')]);
    const { manager, provider } = runner;
    const turn = manager.add('turn', 'which way?');
    void runner.start();
    await held.started;
    await runner.payload('assistant_message', ({ text }) => text === 'I will go ');
    const steer = manager.add('steer', 'go left');
    await manager.ended(turn);
    assert.deepEqual([steer.terminalStatus, turn.terminalStatus], ['completed', 'completed']);
    assert.deepEqual(userMessages(), [
      ['which way?', turn.id],
      ['go left', steer.id],
    ]);
    assert.deepEqual(
      runner.payloads('user_message').map(({ isSteer }) => isSteer),
      [undefined, true],
    );
    assert.ok(provider.conversation(1).includes('user: go left'));
    const order = manager.events.map(({ payload }) => payload['phase'] ?? payload['text']);
    assert.ok(order.indexOf('go left') < order.indexOf('steer-delivered'));
  });

  it('waits for a running tool and keeps its order', async () => {
    runner = await CodexRunner.create([answer([shellCall('sleep 8')]), text('Both heard.')]);
    const { manager, provider } = runner;
    const turn = manager.add('turn', 'wait a bit');
    void runner.start();
    await runner.payload('tool_call', ({ status }) => status === 'running');
    const steers = [manager.add('steer', 'first'), manager.add('steer', 'second')];
    await manager.ended(turn);
    assert.deepEqual(
      steers.map(({ terminalStatus }) => terminalStatus),
      ['completed', 'completed'],
    );
    assert.deepEqual(provider.conversation(1).slice(-2), ['user: first', 'user: second']);
  });

  it('is too late when an interrupt overtakes it, and nothing of it reaches the agent', async () => {
    runner = await CodexRunner.create([answer([shellCall('sleep 300')]), text('Heard as a turn.')]);
    const { manager, provider } = runner;
    const turn = manager.add('turn', 'sleep long');
    void runner.start();
    await runner.payload('tool_call', ({ status }) => status === 'running');
    const steer = manager.add('steer', 'are you there?');
    await delay(300);
    assert.equal(steer.terminalStatus, null);
    manager.add('interrupt');
    await manager.ended(turn);
    assert.equal(turn.terminalStatus, 'cancelled');
    assert.deepEqual([steer.terminalStatus, steer.metadata?.['tooLate']], ['cancelled', true]);
    // As the manager hands it on.
    const next = manager.add('turn', 'are you there?');
    await manager.ended(next);
    assert.equal(next.terminalStatus, 'completed');
    assert.equal(provider.conversation(1).filter((line) => line === 'user: are you there?').length, 1);
  });

  it('ends every command of an interrupted turn, and codex takes the next', async () => {
    const command = '(setsid sleep 987654 &); sleep 987655';
    runner = await CodexRunner.create([answer([shellCall(command)]), text('Next.')]);
    const { manager } = runner;
    const turn = manager.add('turn', 'sleep');
    void runner.start();
    await runner.payload('tool_call', ({ status }) => status === 'running');
    const marker = { name: 'CODEX_THREAD_ID', value: manager.run.threadId ?? '' };
    await manager.until(() => processTable.marked(marker).length >= 2, 'both sleeps run');
    const codex = runner.codexPid();
    const interrupt = manager.add('interrupt');
    await manager.ended(interrupt);
    await manager.ended(turn);
    assert.deepEqual(processTable.marked(marker), []);
    assert.deepEqual(
      runner.payloads('tool_call', turn).map(({ status }) => status),
      ['running', 'cancelled'],
    );
    assert.equal(turn.terminalStatus, 'cancelled');
    const next = manager.add('turn', 'next');
    await manager.ended(next);
    assert.deepEqual([next.terminalStatus, runner.codexPid()], ['completed', codex]);
  });

  it('ends a turn that takes too long, whatever it does', async () => {
    runner = await CodexRunner.create([answer([shellCall('sleep 300')]), text('Next.')]);
    const { manager } = runner;
    manager.run.executionPolicy.timeoutMs = 1_500;
    const turn = manager.add('turn', 'sleep');
    void runner.start();
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['failed', 'hard-timeout']);
  });

  it('forces a codex that does not heed an interrupt, and resumes its thread for the next turn', async () => {
    const held = heldText('I ');
    runner = await CodexRunner.create([held.reply, text('Back.')]);
    const { manager } = runner;
    const turn = manager.add('turn', 'speak');
    void runner.start({ AGENTRUN_RUNNER_INTERRUPT_GRACE_MS: '300' });
    await held.started;
    await runner.payload('assistant_message', () => true);
    process.kill(runner.codexPid(), 'SIGSTOP');
    manager.add('interrupt');
    await manager.ended(turn);
    assert.equal(turn.terminalStatus, 'cancelled');
    const next = manager.add('turn', 'next');
    await manager.ended(next);
    assert.deepEqual([next.terminalStatus, next.threadId], ['completed', turn.threadId]);
    assert.ok(manager.phases().includes('thread/resumed'));
    assert.ok(runner.provider.conversation(1).includes('user: speak'));
  });
});
