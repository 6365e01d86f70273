import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runningCommands } from '../../../src/processes/process-identity.js';
import { CodexRunner } from '../../support/codex-runner.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../../support/codex.js';
import { answer, shellCall, text } from '../../support/mock-provider/answers.js';
import { heldText } from '../../support/mock-provider/held-text.js';
import { hangs } from '../../support/mock-provider/failures.js';
import { exitOf } from '../../support/runner-fixture.js';

describe('a thread of codex in a later runner', () => {
  let runner: CodexRunner;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    await codexForTests();
  });
  afterEach(() => runner.dispose());

  const nextAttempt = () => {
    const { run } = runner.manager;
    run.attempt += 1;
    return runner.start({ AGENTRUN_ATTEMPT: String(run.attempt) });
  };
  const rollouts = async (): Promise<string[]> => {
    const home = join(runner.fixture.volumeDir, '.agentrun', 'codex', 'state', 'home', 'sessions');
    const names = await readdir(home, { recursive: true });
    return names.filter((name) => name.endsWith('.jsonl')).map((name) => join(home, name));
  };

  it('goes on after SIGKILL in the middle of a turn: what was said is known, and the prompt not sent twice', async () => {
    const held = heldText('I beg');
    runner = await CodexRunner.create([text('First answer.'), held.reply, text('Went on.'), text('And ended.')]);
    const { manager, provider } = runner;
    const [first, second] = [manager.add('turn', 'the first'), manager.add('turn', 'the second')];
    const killed = runner.spawn();
    await runner.payload('assistant_message', ({ text }) => text === 'I beg');
    killed.kill('SIGKILL');
    await exitOf(killed);
    void nextAttempt();
    await manager.ended(second);
    assert.deepEqual([first.terminalStatus, second.terminalStatus], ['completed', 'completed']);
    const heard = provider.conversation(2);
    assert.deepEqual(
      ['user: the first', 'assistant: First answer.', 'user: the second'].map(
        (line) => heard.filter((one) => one === line).length,
      ),
      [1, 1, 1],
    );
    assert.match(heard.at(-1) ?? '', /^user: You were stopped in the middle/);
    const prompts = runner.payloads('user_message', second).map(({ text, origin }) => [text === 'the second', origin]);
    assert.deepEqual(prompts, [
      [true, undefined],
      [false, 'runner'],
    ]);
    const [usage] = runner.payloads('token_usage', second);
    assert.deepEqual([(usage?.totals as Tokens).totalTokens, (usage?.turn as Tokens).totalTokens], [240, 120]);
    const third = manager.add('turn', 'the third');
    await manager.ended(third);
    assert.equal(third.threadId, first.threadId);
  });

  it('sends the prompt when the earlier runner took the command and did not get to it', async () => {
    runner = await CodexRunner.create([text('Answer.'), text('Second.')]);
    const { manager, provider } = runner;
    const first = manager.add('turn', 'one');
    const end = runner.start();
    await manager.ended(first);
    const second = manager.add('turn', 'two', { acknowledgedAt: new Date().toISOString(), state: 'acknowledged' });
    await manager.ended(second);
    assert.deepEqual(provider.conversation(1).slice(-1), ['user: two']);
    assert.ok(end);
  });

  it('does not run a turn again that codex has ended, and tells its answer', async () => {
    runner = await CodexRunner.create([text('The answer.')]);
    const { manager, provider } = runner;
    const turn = manager.add('turn', 'ask once');
    const killed = runner.spawn();
    await manager.ended(turn);
    killed.kill('SIGKILL');
    await exitOf(killed);
    // As if what codex said of the end had got neither to the manager nor into the journal.
    await rm(join(runner.fixture.volumeDir, '.agentrun', 'codex', 'turns.jsonl'));
    Object.assign(turn, { terminalStatus: null, state: 'acknowledged' });
    const before = manager.events.length;
    void nextAttempt();
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, provider.requests.length], ['completed', 1]);
    const told = manager.events.slice(before).filter(({ type }) => type === 'assistant_message');
    assert.deepEqual(
      told.map(({ payload }) => [payload['text'], payload['repeated']]),
      [['The answer.', true]],
    );
  });

  it('counts a steer as delivered that the earlier runner got through', async () => {
    const held = heldText('On it');
    runner = await CodexRunner.create([answer([shellCall('sleep 8')]), held.reply, text('Left.')]);
    const { manager, provider } = runner;
    const turn = manager.add('turn', 'go');
    const killed = runner.spawn();
    await runner.payload('tool_call', ({ status }) => status === 'running');
    const steer = manager.add('steer', 'left');
    await runner.payload('assistant_message', ({ text }) => text === 'On it');
    killed.kill('SIGKILL');
    await exitOf(killed);
    Object.assign(steer, { terminalStatus: null, state: 'pending' });
    void nextAttempt();
    await manager.ended(turn);
    assert.equal(steer.terminalStatus, 'completed');
    assert.equal(provider.conversation(2).filter((line) => line === 'user: left').length, 1);
  });

  it('counts it so after a second crash too, which came in what the turn went on with', async () => {
    const [first, second] = [heldText('On it'), heldText('Still on it')];
    runner = await CodexRunner.create([answer([shellCall('sleep 8')]), first.reply, second.reply, text('Left.')]);
    const { manager, provider } = runner;
    const turn = manager.add('turn', 'go');
    const crash = async (child: ReturnType<typeof runner.spawn>) => {
      child.kill('SIGKILL');
      await exitOf(child);
    };
    const one = runner.spawn();
    await runner.payload('tool_call', ({ status }) => status === 'running');
    const steer = manager.add('steer', 'left');
    await runner.payload('assistant_message', ({ text }) => text === 'On it');
    await crash(one);
    manager.run.attempt += 1;
    const two = runner.spawn({ AGENTRUN_ATTEMPT: String(manager.run.attempt) });
    await runner.payload('assistant_message', ({ text }) => text === 'Still on it');
    await crash(two);
    Object.assign(steer, { terminalStatus: null, state: 'pending' });
    void nextAttempt();
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, steer.terminalStatus], ['completed', 'completed']);
    assert.equal(provider.requests.length, 4);
    assert.equal(runner.payloads('user_message').filter(({ text }) => text === 'left').length, 1);
  });

  for (const [what, damage] of [
    ['is gone', (path: string) => rm(path)],
    ['is garbage', (path: string) => writeFile(path, 'no rollout at all\n')],
  ] as const) {
    it(`cannot be resumed when its record ${what}, and the run says so`, async () => {
      runner = await CodexRunner.create([text('Answer.')]);
      const { manager } = runner;
      const turn = manager.add('turn', 'one');
      const first = runner.spawn();
      await manager.ended(turn);
      first.kill('SIGTERM');
      await exitOf(first);
      for (const path of await rollouts()) await damage(path);
      assert.equal(await nextAttempt(), 'start-failed');
      assert.equal(manager.run.failureKind, 'thread-resume-failed');
      assert.match(manager.run.failureMessage ?? '', new RegExp(`cannot resume the thread ${turn.threadId}: `));
      assert.deepEqual(runner.fixture.living(), []);
    });
  }

  it('is replaced by a new one when surely no turn was ever begun in it', async () => {
    runner = await CodexRunner.create([text('Answer.')]);
    const { manager } = runner;
    const first = runner.spawn();
    await manager.until(() => manager.phases().includes('thread/started'));
    first.kill('SIGKILL');
    await exitOf(first);
    void nextAttempt();
    const turn = manager.add('turn', 'one');
    await manager.ended(turn);
    assert.equal(turn.terminalStatus, 'completed');
    assert.equal(manager.phases().filter((phase) => phase === 'thread/started').length, 2);
  });

  it('cannot be resumed when it was named from outside and is not here', async () => {
    const threadId = '01900000-0000-7000-8000-000000000000';
    const sessionRef = { sessionId: 's', threadId } as never;
    runner = await CodexRunner.create([], { sessionRef });
    assert.equal(await runner.start(), 'start-failed');
    assert.equal(runner.manager.run.failureKind, 'thread-resume-failed');
  });

  it('is opened again when codex dies, within a turn and between turns', async () => {
    runner = await CodexRunner.create([hangs(), text('Second.'), text('Third.')]);
    const { manager, provider } = runner;
    const first = manager.add('turn', 'one');
    void runner.start();
    await provider.received(1);
    await manager.until(() => manager.phases().includes('turn/started'));
    process.kill(runner.codexPid(), 'SIGKILL');
    await manager.ended(first);
    assert.deepEqual([first.terminalStatus, first.failureKind], ['failed', 'backend-failed']);
    assert.match(first.failureMessage ?? '', /codex was ended by SIGKILL/);
    const second = manager.add('turn', 'two');
    await manager.ended(second);
    process.kill(runner.codexPid(), 'SIGKILL');
    await manager.until(() => manager.phases().includes('agent/exited'));
    const third = manager.add('turn', 'three');
    await manager.ended(third);
    assert.deepEqual([second.terminalStatus, third.terminalStatus], ['completed', 'completed']);
    assert.deepEqual(provider.conversation(2).filter((line) => /^user: (one|two|three)$/.test(line)).length, 3);
  });

  it('leaves nothing running on SIGTERM in the middle of a command, and its turn open', async () => {
    runner = await CodexRunner.create(() => answer([shellCall('(setsid sleep 300 &); sleep 300')]));
    const { manager, fixture } = runner;
    const turn = manager.add('turn', 'sleep');
    const child = runner.spawn();
    await runner.payload('tool_call', ({ status }) => status === 'running');
    child.kill('SIGTERM');
    assert.equal(await exitOf(child), 143);
    assert.deepEqual(fixture.living(), []);
    assert.equal(turn.terminalStatus, null);
    assert.deepEqual(runner.payloads('error'), []);
  });

  it('ends what a killed runner left before it goes on', async () => {
    runner = await CodexRunner.create((_, index) =>
      index === 0 ? answer([shellCall('(setsid sleep 300 &); sleep 301')]) : text('Went on.'),
    );
    const { manager, fixture } = runner;
    const sleeps = () =>
      runningCommands().filter(({ pid, command }) => {
        return command === 'sleep 300' && fixture.living().some((entry) => entry.pid === pid);
      });
    const turn = manager.add('turn', 'sleep');
    const child = runner.spawn();
    await runner.payload('tool_call', ({ status }) => status === 'running');
    await manager.until(() => sleeps().length > 0);
    child.kill('SIGKILL');
    await exitOf(child);
    void nextAttempt();
    await manager.ended(turn);
    assert.equal(turn.failureMessage, null);
    assert.deepEqual([turn.terminalStatus, sleeps()], ['completed', []]);
  });
});

interface Tokens {
  readonly totalTokens: number;
}
