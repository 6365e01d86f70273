import type { Progress } from '@modelcontextprotocol/sdk/types.js';
import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { parse } from 'smol-toml';
import { projectRoot } from '../../scripts/project-root.js';
import type { Loose } from '../support/api.js';
import { BIN } from '../support/cli.js';
import { cuttableProxy } from '../support/cuttable-proxy.js';
import { freePort } from '../support/free-port.js';
import { McpCaller } from '../support/mcp-client.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const exec = promisify(execFile);
const INITIALIZE = {
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'by-hand', version: '1' } },
};

/** The program with its streams in our hands. */
class ByHand {
  readonly child: ChildProcess;
  readonly printed: Loose[] = [];
  readonly #lines;

  constructor(settings: Record<string, string>) {
    const { PATH, HOME } = process.env;
    this.child = spawn(process.execPath, [BIN, 'mcp'], { env: { PATH, HOME, ...settings }, stdio: 'pipe' });
    this.#lines = createInterface({ input: this.child.stdout! });
    this.#lines.on('line', (line) => this.printed.push(JSON.parse(line)));
  }

  say(message: Record<string, unknown>): void {
    this.child.stdin!.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  async untilSaid(satisfies: (message: Loose) => boolean): Promise<void> {
    while (!this.printed.some(satisfies)) await once(this.#lines, 'line');
  }

  async end(): Promise<number> {
    const exited = once(this.child, 'exit');
    this.child.stdin!.end();
    const [code] = await exited;
    return code;
  }
}

describe('agentrun mcp over its standard streams', function () {
  this.timeout(60_000);
  let manager: TestManager;
  let settings: Record<string, string>;

  before(async () => {
    manager = await startTestManager();
    settings = { AGENTRUN_URL: manager.url, AGENTRUN_OPERATOR_TOKEN: manager.operatorToken };
  });
  after(() => manager.stop());

  it('prints nothing but the protocol, and ends with its input, whatever it waits for', async () => {
    const program = new ByHand(settings);
    program.say({ ...INITIALIZE, id: 1 });
    program.say({ method: 'notifications/initialized' });
    program.say({ id: 2, method: 'tools/call', params: { name: 'create_task', arguments: waiting } });
    await program.untilSaid(({ id }) => id === 2);
    const { taskId } = program.printed.find(({ id }) => id === 2).result.structuredContent;
    const wait = { name: 'wait_for_task', arguments: { taskId, timeoutMs: 600_000 }, _meta: { progressToken: 'p' } };
    program.say({ id: 3, method: 'tools/call', params: wait });
    await program.untilSaid(({ method }) => method === 'notifications/progress');
    assert.equal(await program.end(), 0);
    for (const { jsonrpc } of program.printed) assert.equal(jsonrpc, '2.0');
  });

  it('tells fast that the manager is gone, and finds it again', async () => {
    const port = await freePort();
    const away = await McpCaller.overStdio({ ...settings, AGENTRUN_URL: `http://127.0.0.1:${port}` });
    const sinceMs = performance.now();
    assert.match(
      await away.failure('list_tasks', {}),
      /^infra-failed: the AgentRun API does not answer .*ECONNREFUSED/,
    );
    assert.match(
      await away.failure('wait_for_task', { taskId: 'task_0123456789abcdef' }),
      /^infra-failed: the AgentRun API does not answer/,
    );
    assert.ok(performance.now() - sinceMs < 15_000);
    const again = await startTestManager({ AGENTRUN_PORT: String(port), ...operator(manager) });
    try {
      assert.deepEqual((await away.call('list_tasks', {})).tasks, []);
    } finally {
      await away.close();
      await again.stop();
    }
  });

  it('waits on over a connection that breaks, and says so when the manager stays away', async () => {
    const proxy = await cuttableProxy(manager.url);
    const cut = await McpCaller.overStdio({ ...settings, AGENTRUN_URL: proxy.url });
    const work = { backendProfile: 'exec', prompt: 'echo begun; sleep 2; echo done' };
    const { taskId } = await cut.call('create_task', work);
    const ended = await cut.call(
      'wait_for_task',
      { taskId },
      onceBegun(() => proxy.cut()),
    );
    assert.match(ended.reply, /begun\ndone/);
    const long = await cut.call('create_task', { ...work, prompt: 'echo begun; sleep 60' });
    const waits = cut.client.callTool({ name: 'wait_for_task', arguments: { taskId: long.taskId } }, undefined, {
      onprogress: onceBegun(() => proxy.block(true)),
    });
    const { isError, content }: Loose = await waits;
    assert.equal(isError, true);
    assert.match(content[0].text, /^infra-failed: the AgentRun API does not answer/);
    proxy.block(false);
    await cut.call('cancel_task', { taskId: long.taskId });
    await cut.call('wait_for_task', { taskId: long.taskId });
    await cut.close();
    await proxy.close();
  });

  it('tells that no manager was ever started, and that a token is not one', async () => {
    const nowhere = await McpCaller.overStdio({ AGENTRUN_DATA_DIR: join(manager.dataDir, 'nothing-here') });
    assert.match(await nowhere.failure('list_tasks', {}), /no AgentRun is running over .*; start it with/);
    await nowhere.close();
    const stranger = await McpCaller.overStdio({ ...settings, AGENTRUN_OPERATOR_TOKEN: 'not-a-token-of-theirs' });
    const said = await stranger.failure('list_tasks', {});
    assert.match(said, /not an operator token/);
    assert.doesNotMatch(said, /not-a-token-of-theirs/);
    await stranger.close();
  });

  it('has an example that hands a task on, and settings that clients take', async () => {
    const folder = join(projectRoot, 'examples/mcp');
    const env = { ...process.env, ...settings };
    const { stdout } = await exec(process.execPath, [join(folder, 'delegate.js'), 'echo from the example'], { env });
    assert.match(stdout, /^task task_\w+$/m);
    assert.match(stdout, /^completed: /m);
    assert.match(stdout, /^from the example$/m);
    const codex: Loose = parse(await readFile(join(folder, 'codex.toml'), 'utf8'));
    const generic = JSON.parse(await readFile(join(folder, 'mcp.json'), 'utf8'));
    for (const { command, args } of [codex.mcp_servers.agentrun, generic.mcpServers.agentrun])
      assert.deepEqual([command, args], ['agentrun', ['mcp']]);
  });

  const waiting = { prompt: 'true', backendProfile: 'exec', dispatch: false };
});

/** Does it at the first word of the task's attempt; which one that is depends on how fast they come. */
function onceBegun(then: () => void): (progress: Progress) => void {
  let isDone = false;
  return ({ message = '' }) => {
    if (isDone || /^(waiting|pending)/.test(message)) return;
    isDone = true;
    then();
  };
}

const operator = ({ operatorToken }: TestManager) => ({ AGENTRUN_OPERATOR_TOKEN: operatorToken });
