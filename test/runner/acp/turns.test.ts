import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AGENT_KEY, AcpRunner } from '../../support/acp-runner.js';

describe('a turn of an ACP agent', () => {
  let runner: AcpRunner;

  beforeEach(async () => {
    runner = await AcpRunner.create();
  });
  afterEach(() => runner.dispose());

  it('is told as it comes: its prompt, text in pieces and whole', async () => {
    const turn = await runner.turn('say Hello there, friend.');
    assert.equal(turn.terminalStatus, 'completed');
    const [prompt] = runner.payloads('user_message', turn);
    assert.deepEqual([prompt?.text, prompt?.threadId], ['say Hello there, friend.', runner.manager.run.threadId]);
    const said = runner.payloads('assistant_message', turn);
    const pieces = said.filter(({ status }) => status === 'in_progress').map(({ text }) => text);
    assert.equal(pieces.join(''), 'Hello there, friend.');
    assert.deepEqual(runner.said(turn), ['Hello there, friend.']);
    assert.equal(new Set(said.map(({ itemId }) => itemId)).size, 1);
    const declared = await runner.payload('backend_status', ({ phase }) => phase === 'agent/initialized');
    assert.deepEqual([declared.agent, declared.version, declared.protocol], ['parrot', '3', 'acp']);
    assert.ok(runner.manager.phases().includes('turn/started'));
  });

  it('tells its thoughts, its plan, its warnings, and what it used', async () => {
    const turn = await runner.turn('think');
    const warning = await runner.payload('backend_status', ({ phase }) => phase === 'warning');
    assert.equal(warning.message, 'Slow model: be patient');
    assert.ok(runner.manager.phases().includes('context/compacted'));
    assert.deepEqual(
      runner
        .payloads('reasoning', turn)
        .filter(({ status }) => status === 'completed')
        .map(({ text }) => text),
      ['Where to begin'],
    );
    const [plan] = runner.payloads('plan', turn);
    assert.equal(plan?.text, '[x] look\n[~] write');
    assert.deepEqual(
      (plan?.plan as { status: string }[]).map(({ status }) => status),
      ['completed', 'in_progress'],
    );
    const context = { contextTokens: 50, modelContextWindow: 1000, cost: { amount: 0.25, currency: 'USD' } };
    const usage = { totalTokens: 30, inputTokens: 20, cachedInputTokens: 5, outputTokens: 10 };
    const facts = { commandId: turn.id, threadId: runner.manager.run.threadId };
    assert.deepEqual(runner.payloads('token_usage', turn), [
      { ...facts, ...context },
      { ...facts, usage, ...context },
    ]);
  });

  it('tells an edit: where, what came of it, and the diff', async () => {
    const turn = await runner.turn('edit');
    const path = join(runner.fixture.workspace, 'notes.txt');
    assert.equal(await readFile(path, 'utf8'), 'a\nb\nc\nd\ne\nlast\n');
    const second = runner.manager.add('turn', 'edit');
    await runner.manager.ended(second);
    const calls = runner.payloads('tool_call', turn);
    assert.deepEqual(
      calls.map(({ toolName, status, summary, locations }) => [toolName, status, summary, locations]),
      ['running', 'completed'].map((status) => ['edit', status, 'Edit notes.txt', [{ path, line: 6 }]]),
    );
    assert.equal(runner.payloads('tool_output', turn)[0]?.text, 'written');
    const [added] = runner.payloads('diff', turn);
    assert.match(String(added?.diff), /^diff --git a\/notes.txt b\/notes.txt\nnew file mode 100644\n--- \/dev\/null\n/);
    assert.equal(added?.summary, '1 file, +6 -0');
    const [changed] = runner.payloads('diff', second);
    assert.match(String(changed?.diff), /\n@@ -4,3 \+4,4 @@\n d\n e\n last\n\+last\n$/);
    assert.deepEqual(runner.said(turn), ['I will edit. ', 'Edited.']);
  });

  it('tells what a command prints, and how it ended', async () => {
    const turn = await runner.turn('run');
    assert.equal(runner.manager.output(turn.id), 'building\nbroken\n');
    assert.deepEqual(
      runner
        .payloads('tool_call', turn)
        .map(({ toolName, status, command, exitCode }) => [toolName, status, command, exitCode]),
      [
        ['execute', 'running', 'make test', undefined],
        ['execute', 'failed', 'make test', 2],
      ],
    );
    assert.deepEqual(runner.payloads('tool_output', turn), []);
  });

  it('tells the end of a call that outlives it, and nothing else that is said between turns', async () => {
    const turn = await runner.turn('background');
    assert.deepEqual(
      runner.payloads('tool_call', turn).map(({ status }) => status),
      ['running'],
    );
    const end = await runner.payload('tool_call', ({ status }) => status === 'completed');
    assert.deepEqual([end.commandId, end.summary], [turn.id, 'a long build']);
    assert.deepEqual(runner.payloads('assistant_message'), []);
  });

  it('runs in the workspace, in the mode and the environment of its profile', async () => {
    runner.configure({ modes: true }, { mode: 'bold', env: { AGENT_HOME: '{state}/home of {workspace}' } });
    const turn = await runner.turn('where');
    const { workspace, volumeDir } = runner.fixture;
    const state = join(volumeDir, '.agentrun', 'acp', 'state');
    const [said] = runner.said(turn);
    const expected = { cwd: workspace, home: `${state}/home of ${workspace}`, mode: 'bold', isLoggedIn: false };
    assert.deepEqual(JSON.parse(String(said)), expected);
  });

  it('has its key in the environment, and no event has it', async () => {
    runner.configure({ needsLogin: true }, { auth_method: 'key' });
    const turn = await runner.turn('leak');
    assert.deepEqual(runner.said(turn), ['the key is ***']);
    assert.doesNotMatch(JSON.stringify(runner.manager.events), new RegExp(AGENT_KEY));
  });

  it('is told whole, however fast the agent speaks and however slowly its events get away', async () => {
    runner.manager.appendDelayMs = 20;
    const turn = await runner.turn('flood 3000', 50_000);
    assert.equal(turn.terminalStatus, 'completed');
    await runner.manager.until(() => runner.said(turn).length === 3000, 'all messages', 30_000);
  }).timeout(90_000);

  it('says what of the policy only the agent itself can keep to', async () => {
    Object.assign(runner.manager.run.executionPolicy, { sandbox: 'read-only', network: false });
    await runner.turn('say hello');
    const { message } = await runner.payload('backend_status', ({ phase }) => phase === 'warning');
    assert.match(String(message), /the sandbox read-only and no network, which nobody but the agent itself/);
  });
});
