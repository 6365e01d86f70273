import assert from 'node:assert/strict';
import { request } from 'node:http';
import { CliProcess, cli } from '../support/cli.js';
import { McpCaller } from '../support/mcp-client.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const ACME_TOKEN = 'token-of-the-operator-of-acme';
const LIST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });

describe('agentrun mcp --http', function () {
  this.timeout(60_000);
  let manager: TestManager;
  let server: CliProcess;
  let url: string;

  before(async () => {
    manager = await startTestManager({
      AGENTRUN_OPERATORS_JSON: JSON.stringify([{ name: 'acme', token: ACME_TOKEN, tenants: ['acme'] }]),
    });
    // The token of whoever starts it is nobody else's.
    const own = { AGENTRUN_URL: manager.url, AGENTRUN_OPERATOR_TOKEN: manager.operatorToken };
    server = new CliProcess(['mcp', '--http', '0'], own);
    await server.printed(/MCP at /);
    url = /MCP at (\S+)/.exec(server.stderr)![1]!;
  });
  after(async () => {
    assert.equal((await server.stop('SIGTERM')).code, 0);
    assert.equal(server.stdout, '');
    await manager.stop();
  });

  /** By hand, for fetch sets no Host. */
  const status = (headers: Record<string, string>, method = 'POST'): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const all = { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...headers };
      const call = request(url, { method, headers: all }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.on('error', reject).end(method === 'POST' ? LIST : undefined);
    });
  const BEARER = { authorization: `Bearer ${ACME_TOKEN}` };

  it('serves an agent as whom its token says: its tenants, and no others', async () => {
    const agent = await McpCaller.overHttp(url, ACME_TOKEN);
    const work = { prompt: 'echo over http', backendProfile: 'exec', projectId: 'shop' };
    const { taskId } = await agent.call('create_task', { ...work, tenantId: 'acme' });
    let told = 0;
    const ended = await agent.call('wait_for_task', { taskId }, () => (told += 1));
    assert.deepEqual([ended.state, ended.timedOut], ['completed', false]);
    assert.match(ended.reply, /over http/);
    assert.ok(told > 0);
    assert.match(await agent.failure('create_task', { ...work, tenantId: 'umbrella' }), /tenant/);
    await agent.close();
  });

  it('serves two at once, each in its own name', async () => {
    const [acme, all] = [
      await McpCaller.overHttp(url, ACME_TOKEN),
      await McpCaller.overHttp(url, manager.operatorToken),
    ];
    const work = { prompt: 'true', backendProfile: 'exec', dispatch: false, tenantId: 'other', queue: 'of-other' };
    const { taskId } = await all.call('create_task', work);
    assert.equal((await all.call('list_tasks', { queue: 'of-other' })).tasks.length, 1);
    assert.deepEqual((await acme.call('list_tasks', { queue: 'of-other' })).tasks, []);
    assert.match(await acme.failure('get_task', { taskId }), /task/);
    await Promise.all([acme.close(), all.close()]);
  });

  it('tells whose token is none of the manager’s', async () => {
    const stranger = await McpCaller.overHttp(url, 'somebody-elses-token');
    assert.match(await stranger.failure('list_tasks', {}), /not an operator token/);
    await stranger.close();
  });

  it('hears nobody without a token, and no page of elsewhere', async () => {
    assert.equal(await status(BEARER), 200);
    assert.equal(await status({}), 401);
    assert.equal(await status({ ...BEARER, host: 'rebound.example:80' }), 403);
    assert.equal(await status({ ...BEARER, origin: 'http://page.example' }), 403);
    assert.equal(await status({ ...BEARER, origin: new URL(url).origin }), 200);
    assert.equal(await status(BEARER, 'GET'), 405);
  });

  it('takes a port that is one', async () => {
    const { code, stderr } = await cli(['mcp', '--http', 'many']);
    assert.equal(code, 2);
    assert.match(stderr, /A port is a number/);
    const taken = await cli(['mcp', '--http', new URL(url).port]);
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /EADDRINUSE/);
  });
});
