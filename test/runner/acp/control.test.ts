import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { AcpRunner } from '../../support/acp-runner.js';

describe('what is said to a live turn of an ACP agent', () => {
  let runner: AcpRunner;

  beforeEach(async () => {
    runner = await AcpRunner.create();
  });
  afterEach(() => runner.dispose());

  const begun = (text: string) =>
    runner.payload('assistant_message', (payload) => String(payload.text).startsWith(text));

  it('is delivered where the agent takes steers, and is told before what the agent makes of it', async () => {
    runner.configure({ steering: true });
    const { manager, fixture } = runner;
    const turn = manager.add('turn', 'work');
    void fixture.start();
    await begun('. ');
    const steer = manager.add('steer', 'be brief');
    await manager.ended(turn);
    assert.deepEqual([steer.terminalStatus, turn.terminalStatus], ['completed', 'completed']);
    const told = runner.payloads('user_message').map(({ text, commandId }) => [text, commandId]);
    assert.deepEqual(told, [
      ['work', turn.id],
      ['be brief', steer.id],
    ]);
    assert.deepEqual(runner.said(turn).at(-1), 'heard: be brief');
    const order = manager.events.map(({ payload }) => payload['text']);
    assert.ok(order.indexOf('be brief') < order.indexOf('heard: be brief'));
  });

  it('is too late where the agent takes none, and becomes the next turn', async () => {
    const { manager, fixture } = runner;
    const turn = manager.add('turn', 'work');
    void fixture.start();
    await begun('. ');
    const steer = manager.add('steer', 'be brief');
    await manager.ended(steer);
    assert.deepEqual([steer.terminalStatus, steer.metadata?.['tooLate']], ['cancelled', true]);
    assert.equal(turn.terminalStatus, null);
    manager.add('interrupt');
    await manager.ended(turn);
  });

  it('is too late when an interrupt overtakes it, though the agent had taken it', async () => {
    runner.configure({ steering: true });
    const { manager, fixture } = runner;
    const turn = manager.add('turn', 'freeze');
    void fixture.start();
    await begun('frozen');
    const steer = manager.add('steer', 'are you there?');
    await delay(300);
    assert.equal(steer.terminalStatus, null);
    manager.add('interrupt');
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['cancelled', 'cancelled']);
    assert.deepEqual([steer.terminalStatus, steer.metadata?.['tooLate']], ['cancelled', true]);
  });

  it('ends it when that is an interrupt, with the call that ran, and the agent goes on with the next', async () => {
    const { manager, fixture } = runner;
    const turn = manager.add('turn', 'work');
    void fixture.start();
    await begun('. ');
    manager.add('interrupt');
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, turn.failureMessage], ['cancelled', 'interrupted']);
    assert.deepEqual(
      runner.payloads('tool_call', turn).map(({ status }) => status),
      ['running', 'cancelled'],
    );
    const next = manager.add('turn', 'say still here');
    await manager.ended(next);
    assert.deepEqual(runner.said(next), ['still here']);
    assert.equal(next.threadId, turn.threadId);
  });

  it('ends it also where the agent does not listen, by ending the agent', async () => {
    const { manager, fixture } = runner;
    const turn = manager.add('turn', 'hang');
    void fixture.start({ AGENTRUN_RUNNER_INTERRUPT_GRACE_MS: '200' });
    await begun('I do not listen.');
    manager.add('interrupt');
    await manager.ended(turn);
    assert.equal(turn.terminalStatus, 'cancelled');
    assert.deepEqual(runner.payloads('error'), []);
  });

  it('leaves no process when its runner is told to end', async () => {
    const { manager, fixture } = runner;
    manager.add('turn', 'hang');
    const child = fixture.spawn();
    await begun('I do not listen.');
    assert.ok(fixture.living().length > 1);
    child.kill('SIGTERM');
    await fixture.untilGone();
  });
});

describe('what an ACP agent asks for', () => {
  let runner: AcpRunner;

  beforeEach(async () => {
    runner = await AcpRunner.create();
  });
  afterEach(() => runner.dispose());

  it('is declined once where the policy asks nobody, and the turn goes on', async () => {
    const turn = await runner.turn('ask');
    assert.equal(turn.terminalStatus, 'completed');
    assert.deepEqual(runner.said(turn), ['chosen: no']);
    const declined = await runner.payload('backend_status', ({ phase }) => phase === 'approval-declined');
    assert.deepEqual([declined.summary, declined.command, declined.itemId], ['rm -rf build', 'rm -rf build', 'ask-1']);
  });

  it('blocks the turn where somebody would have to decide, and says what', async () => {
    runner.manager.run.executionPolicy.approval = 'on-request';
    const turn = await runner.turn('ask');
    assert.equal(turn.terminalStatus, 'blocked');
    assert.match(turn.failureMessage ?? '', /approval of: rm -rf build/);
    const asked = await runner.payload('backend_status', ({ phase }) => phase === 'needs-input');
    assert.deepEqual([asked.toolName, asked.commandId], ['execute', turn.id]);
    assert.deepEqual(runner.said(turn), []);
  });

  it('blocks the turn also where the agent does not listen, by ending the agent, and the next turn has a new one', async () => {
    runner.configure({ load: true });
    const { manager, fixture } = runner;
    manager.run.executionPolicy.approval = 'on-request';
    manager.run.executionPolicy.timeoutMs = 10_000;
    const turn = manager.add('turn', 'insist');
    void fixture.start({ AGENTRUN_RUNNER_INTERRUPT_GRACE_MS: '200' });
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['blocked', null]);
    assert.match(turn.failureMessage ?? '', /approval of: rm -rf build/);
    assert.deepEqual(runner.payloads('error'), []);
    const next = manager.add('turn', 'say still here');
    await manager.ended(next);
    assert.deepEqual(runner.said(next), ['still here']);
    assert.equal(next.threadId, turn.threadId);
  });

  it('blocks the turn also where the agent goes on without it', async () => {
    runner.manager.run.executionPolicy.approval = 'on-request';
    const turn = await runner.turn('presume');
    assert.equal(turn.terminalStatus, 'blocked');
    assert.match(turn.failureMessage ?? '', /approval of: rm -rf build/);
  });
});
