import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppServer } from '../support/app-server.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../support/codex.js';
import { answer, message, patchCall, planCall, reasoning, shellCall, text } from '../support/mock-provider/answers.js';
import { heldText } from '../support/mock-provider/held-text.js';
import { startMockProvider, type MockProvider } from '../support/mock-provider.js';
import type { Script } from '../support/mock-provider/reply.js';

describe('what codex makes of the answers of a provider', function () {
  let provider: MockProvider;
  let codex: AppServer;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    await codexForTests();
  });
  const start = async (script: Script, options: { key?: string; model?: string; settings?: string } = {}) => {
    provider = await startMockProvider(script);
    codex = await AppServer.start(provider.baseUrl, options);
  };
  afterEach(async () => {
    await codex.stop();
    await provider.close();
    assert.deepEqual(provider.faults, []);
  });

  it('asks with its key, and with all that was said before', async () => {
    await start([text('first answer', { input: 7, cachedInput: 2, output: 3, reasoning: 1 }), text('second answer')], {
      key: 'the-key',
    });
    assert.equal((await codex.turn('one')).status, 'completed');
    assert.equal((await codex.turn('two')).status, 'completed');
    assert.equal(provider.requests[0]!.headers.authorization, 'Bearer the-key');
    assert.deepEqual(provider.conversation(1).slice(-3), ['user: one', 'assistant: first answer', 'user: two']);
    const [usage] = codex.of('thread/tokenUsage/updated');
    const { inputTokens, cachedInputTokens, outputTokens, reasoningOutputTokens } = usage.tokenUsage.total;
    assert.deepEqual([inputTokens, cachedInputTokens, outputTokens, reasoningOutputTokens], [7, 2, 3, 1]);
  });

  it('runs a command, and tells the provider what came of it', async () => {
    await start([answer([reasoning('**Looking**'), message('I look.'), shellCall('echo out; exit 3')]), text('done')]);
    await codex.turn('go');
    const [command] = codex.completed('commandExecution');
    assert.deepEqual([command.status, command.exitCode, command.aggregatedOutput], ['failed', 3, 'out\n']);
    assert.deepEqual(codex.completed('reasoning')[0].summary, ['**Looking**']);
    assert.deepEqual(
      codex.completed('agentMessage').map((item) => item.text),
      ['I look.', 'done'],
    );
    assert.match(provider.conversation(1).at(-1)!, /^tool: [^]*code 3[^]*out/);
  });

  for (const [model, isOffered] of [
    ['gpt-5.5', true],
    ['a-model-it-does-not-know', false],
  ] as const) {
    it(`edits files with ${model}, ${isOffered ? 'by its tool for it' : 'by the command that stands for the tool'}`, async () => {
      const patch = '*** Begin Patch\n*** Add File: a.txt\n+hello\n*** End Patch';
      await start([answer([patchCall(patch)]), text('done')], { model });
      await codex.turn('go');
      const [edit] = codex.completed('fileChange');
      assert.deepEqual([edit.status, edit.changes[0].kind.type], ['completed', 'add']);
      assert.equal(await readFile(join(codex.cwd, 'a.txt'), 'utf8'), 'hello\n');
      assert.equal(
        provider.requests[0]!.body.tools.some(({ name }) => name === 'apply_patch'),
        isOffered,
      );
    });
  }

  it('keeps a plan', async () => {
    const plan = [
      { step: 'one', status: 'in_progress' },
      { step: 'two', status: 'pending' },
    ] as const;
    await start([answer([planCall(plan, 'why')]), text('done')], { settings: 'tools.update_plan.enabled = true' });
    await codex.turn('go');
    const [update] = codex.of('turn/plan/updated');
    assert.deepEqual([update.explanation, update.plan[0].status, update.plan[1].step], ['why', 'inProgress', 'two']);
  });

  it('passes on a text as it comes, and leaves when it is interrupted', async () => {
    const held = heldText('a ');
    await start([held.reply]);
    const turnId = await codex.startTurn('go');
    await held.started;
    held.push('b ');
    const { body } = await provider.received(1);
    assert.equal(body.model, 'mock-model');
    await codex.interrupt(turnId);
    await held.closed;
    const deltas = codex.of('item/agentMessage/delta').map(({ delta }) => delta);
    assert.ok('a b '.startsWith(deltas.join('')));
  });

  it('takes a text that was finished late as any other', async () => {
    const held = heldText();
    await start([held.reply]);
    const turn = codex.turn('go');
    await held.started;
    for (const piece of ['slow', 'ly']) held.push(piece);
    held.finish();
    assert.equal((await turn).status, 'completed');
    assert.equal(codex.completed('agentMessage')[0].text, 'slowly');
  });
});
