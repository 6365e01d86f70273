import assert from 'node:assert/strict';
import { AcpRunner } from '../../support/acp-runner.js';
import { exitOf } from '../../support/runner-fixture.js';

describe('a thread of an ACP agent in a later runner', () => {
  let runner: AcpRunner;

  beforeEach(async () => {
    runner = await AcpRunner.create();
  });
  afterEach(() => runner.dispose());

  const begun = (text: string) =>
    runner.payload('assistant_message', (payload) => String(payload.text).startsWith(text));

  /** Two turns with a runner's death between them. */
  const goesOn = async () => {
    const { manager, fixture } = runner;
    const first = manager.add('turn', 'say first');
    const killed = fixture.spawn();
    await manager.ended(first);
    killed.kill('SIGKILL');
    await exitOf(killed);
    const second = manager.add('turn', 'recall');
    void runner.nextAttempt();
    await manager.ended(second);
    return { first, second };
  };

  for (const ability of ['load', 'resume']) {
    it(`goes on where the agent can ${ability}, and its past is not told again`, async () => {
      runner.configure({ [ability]: true });
      const { first, second } = await goesOn();
      assert.deepEqual([second.terminalStatus, second.threadId], ['completed', first.threadId]);
      assert.deepEqual(runner.said(second), ['say first | recall']);
      assert.doesNotMatch(JSON.stringify(runner.manager.events), /told again/);
      assert.ok(runner.manager.phases().includes('thread/resumed'));
    });
  }

  it('cannot be had where the agent has no way to, which is said in clear words', async () => {
    const { manager, fixture } = runner;
    const first = manager.add('turn', 'say first');
    const killed = fixture.spawn();
    await manager.ended(first);
    killed.kill('SIGKILL');
    await exitOf(killed);
    manager.add('turn', 'recall');
    assert.equal(await runner.nextAttempt(), 'start-failed');
    assert.equal(manager.run.failureKind, 'thread-resume-failed');
    assert.match(
      manager.run.failureMessage ?? '',
      /parrot cannot go on with a thread .* neither session\/resume nor loadSession/,
    );
  });

  it('that the agent has lost is not replaced by another', async () => {
    runner.configure({ load: true });
    runner.manager.run.threadId = 's-lost';
    runner.manager.add('turn', 'recall');
    assert.equal(await runner.fixture.start(), 'start-failed');
    assert.equal(runner.manager.run.failureKind, 'thread-resume-failed');
    assert.match(
      runner.manager.run.failureMessage ?? '',
      /cannot resume the thread s-lost: Resource not found: no such session/,
    );
  });

  it('in which no turn was begun is replaced by a new one', async () => {
    const { manager, fixture } = runner;
    const killed = fixture.spawn();
    await manager.until(() => manager.phases().includes('thread/started'));
    killed.kill('SIGKILL');
    await exitOf(killed);
    const turn = manager.add('turn', 'say hello');
    void runner.nextAttempt();
    await manager.ended(turn);
    assert.equal(turn.terminalStatus, 'completed');
  });

  it('is told to go on with a turn that was cut off, and told the task again', async () => {
    runner.configure({ load: true });
    const { manager, fixture } = runner;
    const turn = manager.add('turn', 'work');
    const killed = fixture.spawn();
    await begun('. ');
    killed.kill('SIGKILL');
    await exitOf(killed);
    void runner.nextAttempt();
    await manager.until(() => runner.payloads('user_message', turn).length === 2, 'the prompt of the next attempt');
    const [first, second] = runner.payloads('user_message', turn);
    assert.deepEqual([first?.text, first?.origin, second?.origin], ['work', undefined, 'runner']);
    assert.match(String(second?.text), /^You were stopped in the middle of this turn.*\n\nwork$/s);
    manager.add('interrupt');
    await manager.ended(turn);
  });
});
