import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AcpRunner } from '../../support/acp-runner.js';
import { codexAcpForTests, type CodexAcp } from '../../support/codex-acp.js';
import { CODEX_FETCH_TIMEOUT_MS } from '../../support/codex.js';
import { startMockProvider, type MockProvider } from '../../support/mock-provider.js';
import { answer, patchCall, shellCall, text } from '../../support/mock-provider/answers.js';
import { httpError } from '../../support/mock-provider/failures.js';
import { heldText } from '../../support/mock-provider/held-text.js';
import type { Script } from '../../support/mock-provider/reply.js';
import { exitOf } from '../../support/runner-fixture.js';

const KEY = 'sk-planted-acp-41c7';

describe("codex's ACP adapter as a run's agent", function () {
  this.timeout(60_000);
  let agent: CodexAcp;
  let provider: MockProvider;
  let runner: AcpRunner;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    agent = await codexAcpForTests();
  });
  afterEach(async () => {
    await runner.dispose();
    await provider.close();
  });

  const create = async (script: Script) => {
    provider = await startMockProvider(withTitles(script));
    runner = await AcpRunner.create();
    const config = {
      model: 'mock-model',
      model_providers: {
        mock: {
          name: 'Mock',
          base_url: provider.baseUrl,
          wire_api: 'responses',
          env_key: 'MOCK_KEY',
          requires_openai_auth: false,
          supports_websockets: false,
          request_max_retries: 1,
          stream_max_retries: 1,
        },
      },
      analytics: { enabled: false },
    };
    const env = {
      CODEX_HOME: '{state}',
      CODEX_PATH: agent.codex,
      CODEX_CONFIG: JSON.stringify(config),
      MODEL_PROVIDER: 'mock',
      NO_BROWSER: '1',
    };
    const command = [process.execPath, agent.script];
    runner.configureWith({ command, env, api_key_env: 'MOCK_KEY', mode: 'agent-full-access' }, KEY);
  };
  /** What the model heard with the request whose last line this is. */
  const conversationWith = (line: string) =>
    provider.requests.map((_, index) => provider.conversation(index)).find((heard) => heard.at(-1) === line) ?? [];
  const begun = (said: string) => runner.payload('assistant_message', (payload) => String(payload.text).includes(said));

  it('does a turn: its text comes through, its key reaches the provider, and what it used is told', async () => {
    await create([text('Hello there.')]);
    const turn = await runner.turn('say hello');
    assert.deepEqual(provider.faults, []);
    assert.deepEqual([turn.terminalStatus, runner.said(turn).at(-1)], ['completed', 'Hello there.']);
    assert.equal(provider.requests[0]?.headers.authorization, `Bearer ${KEY}`);
    const usage = runner.payloads('token_usage', turn).at(-1);
    assert.deepEqual((usage?.usage as { totalTokens: number }).totalTokens, 120);
    const declared = await runner.payload('backend_status', ({ phase }) => phase === 'agent/initialized');
    const capabilities = { steer: true, interrupt: true, resume: true, usage: true };
    assert.deepEqual(
      [declared.agent, declared.capabilities, declared.resumeBy],
      ['Codex', capabilities, 'session/resume'],
    );
    assert.doesNotMatch(JSON.stringify(runner.manager.events), new RegExp(KEY));
  });

  it('edits files and runs commands', async () => {
    const patch = '*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch';
    await create([answer([patchCall(patch)]), answer([shellCall('echo quick; exit 3')]), text('Done.')]);
    const turn = await runner.turn('write a file');
    assert.deepEqual(provider.faults, []);
    assert.equal(await readFile(join(runner.fixture.workspace, 'new.txt'), 'utf8'), 'hello\n');
    const [diff] = runner.payloads('diff', turn);
    assert.match(String(diff?.diff), /^diff --git a\/new.txt b\/new.txt\nnew file mode 100644\n/);
    assert.deepEqual(
      runner.payloads('tool_call', turn).map(({ kind, status, exitCode }) => [kind, status, exitCode]),
      [
        ['edit', 'running', undefined],
        ['edit', 'completed', undefined],
        ['execute', 'running', undefined],
        ['execute', 'failed', 3],
      ],
    );
    assert.equal(runner.manager.output(turn.id), 'quick\n');
  });

  it('is interrupted while the model speaks, and goes on with the next turn', async () => {
    const held = heldText('I will ');
    await create([held.reply, text('Still here.')]);
    const turn = runner.manager.add('turn', 'speak long');
    void runner.fixture.start();
    await begun('I will ');
    runner.manager.add('interrupt');
    await runner.manager.ended(turn);
    assert.equal(turn.terminalStatus, 'cancelled');
    const next = runner.manager.add('turn', 'are you there?');
    await runner.manager.ended(next);
    assert.equal(runner.said(next).at(-1), 'Still here.');
  });

  it('takes a steer while the model speaks', async () => {
    const held = heldText('I will go ');
    await create([held.reply, text('Left it is.')]);
    const turn = runner.manager.add('turn', 'which way?');
    void runner.fixture.start();
    await begun('I will go ');
    const steer = runner.manager.add('steer', 'go left');
    await runner.manager.ended(turn);
    assert.deepEqual([steer.terminalStatus, turn.terminalStatus], ['completed', 'completed']);
    assert.ok(conversationWith('user: go left').includes('user: which way?'));
  });

  it('goes on with its thread in a later runner, after SIGKILL', async () => {
    await create([text('First answer.'), text('Second answer.')]);
    const first = runner.manager.add('turn', 'the first');
    const killed = runner.fixture.spawn();
    await runner.manager.ended(first);
    killed.kill('SIGKILL');
    await exitOf(killed);
    const second = runner.manager.add('turn', 'the second');
    void runner.nextAttempt();
    await runner.manager.ended(second);
    assert.deepEqual(
      [second.terminalStatus, second.failureMessage, second.threadId],
      ['completed', null, first.threadId],
    );
    const heard = conversationWith('user: the second');
    for (const line of ['user: the first', 'assistant: First answer.', 'user: the second'])
      assert.ok(heard.includes(line), line);
    assert.ok(!runner.said(second).includes('First answer.'));
  });

  it('fails as unauthorized where the provider refuses its key', async () => {
    await create(() => httpError(401));
    const turn = await runner.turn('say hello');
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['failed', 'backend-unauthorized']);
    assert.match(turn.failureMessage ?? '', /Authentication required/);
  });

  it('fails where its provider refuses otherwise, though the adapter calls that an end like any other', async () => {
    await create(() => httpError(429));
    const turn = await runner.turn('say hello');
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['failed', 'backend-failed']);
    assert.match(turn.failureMessage ?? '', /^exceeded retry limit.* 429 Too Many Requests$/);
  });
});

/** The adapter asks the model for a title of a new conversation, at a moment of its own: that is no step of a script. */
function withTitles(script: Script): Script {
  let next = 0;
  return (request, index) => {
    if (JSON.stringify(request.body.input).includes('generate a very short title')) return text('A title');
    return typeof script === 'function' ? script(request, index) : (script[next++] ?? assert.fail('no step is left'));
  };
}
