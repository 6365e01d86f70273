import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodexRunner, PROVIDER_KEY } from '../../support/codex-runner.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../../support/codex.js';
import {
  answer,
  message,
  patchCall,
  planCall,
  reasoning,
  shellCall,
  text,
} from '../../support/mock-provider/answers.js';

const ADD_FILE = '*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch';
const CHANGE_FILE = '*** Begin Patch\n*** Update File: new.txt\n@@\n-hello\n+goodbye\n*** End Patch';

describe('a turn of codex', () => {
  let runner: CodexRunner;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    await codexForTests();
  });
  afterEach(() => runner.dispose());

  it('is told as it comes: its prompt, text in pieces and whole, and what it used of the thread and itself', async () => {
    const script = [text('Hello there.', { input: 130, output: 7 }), text('And on.', { input: 150, output: 9 })];
    runner = await CodexRunner.create(script);
    const { manager, provider } = runner;
    const [first, second] = [manager.add('turn', 'say hello'), manager.add('turn', 'go on')];
    void runner.start();
    await manager.ended(second);
    assert.deepEqual([first.terminalStatus, second.terminalStatus], ['completed', 'completed']);
    assert.deepEqual(
      provider.requests.map(({ headers }) => headers.authorization),
      [`Bearer ${PROVIDER_KEY}`, `Bearer ${PROVIDER_KEY}`],
    );
    const [prompt] = runner.payloads('user_message', first);
    assert.deepEqual([prompt?.text, prompt?.threadId], ['say hello', manager.run.threadId]);
    const said = runner.payloads('assistant_message', first);
    assert.deepEqual(
      said.map(({ text, status, itemId }) => [text, status, itemId === said[0]?.itemId]),
      [
        ['Hello there.', 'in_progress', true],
        ['Hello there.', 'completed', true],
      ],
    );
    const [usage] = runner.payloads('token_usage', second);
    assert.deepEqual([(usage?.totals as Tokens).totalTokens, (usage?.turn as Tokens).totalTokens], [296, 159]);
    assert.equal(typeof usage?.modelContextWindow, 'number');
  });

  it('tells its thoughts, its plan, its edits and the diff they come to', async () => {
    const plan = [
      { step: 'look', status: 'completed' },
      { step: 'write', status: 'in_progress' },
    ] as const;
    runner = await CodexRunner.create([
      answer([reasoning('Where to begin'), planCall(plan, 'in two steps')]),
      answer([patchCall(ADD_FILE)]),
      answer([patchCall(CHANGE_FILE)]),
      text('Done.'),
    ]);
    const turn = runner.manager.add('turn', 'write a file');
    void runner.start();
    await runner.manager.ended(turn);
    assert.deepEqual(runner.provider.faults, []);
    const whole = runner.payloads('reasoning', turn).find(({ status }) => status === 'completed');
    assert.equal(whole?.text, 'Where to begin');
    const [planned] = runner.payloads('plan', turn);
    assert.deepEqual([planned?.plan, planned?.text], [plan, 'in two steps\n[x] look\n[~] write']);
    const path = join(runner.fixture.workspace, 'new.txt');
    assert.deepEqual(
      runner.payloads('tool_call', turn).map(({ toolName, status, changes }) => [toolName, status, changes]),
      [
        ['apply_patch', 'running', [{ path, kind: 'add' }]],
        ['apply_patch', 'completed', [{ path, kind: 'add' }]],
        ['apply_patch', 'running', [{ path, kind: 'update' }]],
        ['apply_patch', 'completed', [{ path, kind: 'update' }]],
      ],
    );
    const diffs = runner.payloads('diff', turn);
    assert.match(String(diffs.at(-1)?.diff), /\+goodbye/);
    assert.equal(diffs.at(-1)?.summary, '1 file, +1 -0');
    assert.equal(new Set(diffs.map(({ diff }) => diff)).size, diffs.length);
    assert.equal(await readFile(path, 'utf8'), 'goodbye\n');
  });

  it('tells a command, all that it printed once, and how it ended', async () => {
    const prints = 'echo early; sleep 0.6; echo late; exit 3';
    runner = await CodexRunner.create([answer([shellCall(prints)]), answer([shellCall('echo quick')]), text('Seen.')]);
    const turn = runner.manager.add('turn', 'run it');
    void runner.start();
    await runner.manager.ended(turn);
    const calls = runner.payloads('tool_call', turn);
    assert.deepEqual(
      calls.map(({ toolName, status, summary, exitCode }) => [toolName, status, summary, exitCode]),
      [
        ['shell', 'running', prints, undefined],
        ['shell', 'failed', prints, 3],
        ['shell', 'running', 'echo quick', undefined],
        ['shell', 'completed', 'echo quick', 0],
      ],
    );
    assert.equal(calls[1]?.cwd, runner.fixture.workspace);
    const printed = (itemId: unknown) =>
      runner
        .payloads('command_output', turn)
        .filter((payload) => payload.itemId === itemId)
        .sort((a, b) => Number(b.offset === 0) - Number(a.offset === 0))
        .map((payload) => payload.text)
        .join('');
    assert.equal(printed(calls[0]?.itemId), 'early\nlate\n');
    assert.equal(printed(calls[2]?.itemId), 'quick\n');
  });

  it('lets a command that the model left running outlive the turn, and tells its end', async () => {
    const starts = 'until [ -e go ]; do sleep 0.1; done; echo up';
    runner = await CodexRunner.create([answer([shellCall(starts, 300)]), text('It starts.')]);
    const { manager } = runner;
    const turn = manager.add('turn', 'start it');
    void runner.start();
    await manager.ended(turn);
    assert.equal(runner.payloads('tool_call', turn).length, 1);
    await writeFile(join(runner.fixture.workspace, 'go'), '');
    const end = await runner.payload('tool_call', ({ status }) => status === 'completed');
    assert.equal(end.commandId, turn.id);
    assert.equal(manager.output(turn.id), 'up\n');
  });

  it('calls tools of MCP servers and tells what they answered', async () => {
    runner = await CodexRunner.create(({ body }) => {
      const called = body.input.some(({ type }) => type === 'function_call_output');
      return called ? text('Echoed.') : answer([mcpCall]);
    });
    const server = join(runner.fixture.volumeDir, 'mcp.mjs');
    await writeFile(server, MCP_SERVER);
    runner.configure({}, { mcp_servers: { parrot: { command: process.execPath, args: [server] } } });
    const turn = runner.manager.add('turn', 'echo');
    void runner.start();
    await runner.manager.ended(turn);
    assert.deepEqual(runner.provider.faults, []);
    const [output] = runner.payloads('tool_output', turn);
    assert.deepEqual([output?.toolName, output?.text], ['parrot.say', 'you said polly']);
    const calls = runner.payloads('tool_call', turn).map(({ toolName, status }) => [toolName, status]);
    assert.deepEqual(calls, [
      ['parrot.say', 'running'],
      ['parrot.say', 'completed'],
    ]);
  });

  it("gives the agent the project's own instructions", async () => {
    runner = await CodexRunner.create([answer([message('Yes.')])]);
    await mkdir(runner.fixture.workspace, { recursive: true });
    await writeFile(join(runner.fixture.workspace, 'AGENTS.md'), 'Speak like a pirate.');
    const turn = runner.manager.add('turn', 'hello');
    void runner.start();
    await runner.manager.ended(turn);
    assert.match(JSON.stringify(runner.provider.requests[0]?.body.input), /Speak like a pirate/);
  });
});

interface Tokens {
  readonly totalTokens: number;
}

const mcpCall: Parameters<typeof answer>[0][number] = (stream) => {
  stream.item({
    type: 'function_call',
    id: 'fc_mcp',
    call_id: 'call_mcp',
    status: 'completed',
    name: 'say',
    namespace: 'mcp__parrot',
    arguments: '{"word":"polly"}',
  });
};

/** The least that a server of tools must speak. */
const MCP_SERVER = `
import { createInterface } from 'node:readline';
const tool = { name: 'say', description: 'says it', inputSchema: { type: 'object', properties: { word: { type: 'string' } } } };
const answers = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'parrot', version: '1' } }),
  'tools/list': () => ({ tools: [tool] }),
  'tools/call': ({ arguments: { word } }) => ({ content: [{ type: 'text', text: 'you said ' + word }] }),
};
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const answer = answers[method];
  const body = answer ? { result: answer(params) } : { error: { code: -32601, message: 'no ' + method } };
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...body }) + '\\n');
});
`;
