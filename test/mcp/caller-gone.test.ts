import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentRun } from '../../src/client/agent-run.js';
import { serveHttp } from '../../src/mcp/serve-http.js';

describe('a caller of MCP over HTTP that goes away', () => {
  it('takes its wait with it', async () => {
    // A manager that never answers: only so is it certain that the wait is under way.
    const hanging = createServer();
    hanging.listen(0, '127.0.0.1');
    await once(hanging, 'listening');
    const baseUrl = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`;
    const connect = async (token: string) => new AgentRun({ baseUrl, token });
    const server = await serveHttp({ version: '1.0.0', port: 0, connect });
    try {
      const asked = once(hanging, 'request') as Promise<[IncomingMessage]>;
      const caller = new AbortController();
      const call = fetch(server.url, { method: 'POST', headers: HEADERS, body: WAIT, signal: caller.signal })
        .then((response) => response.text())
        .catch((error: unknown) => error);
      const [{ socket, headers }] = await asked;
      assert.equal(headers.authorization, HEADERS.authorization);
      const ended = once(socket, 'close');
      caller.abort();
      await Promise.all([ended, call]);
    } finally {
      await server.stop();
      hanging.close();
      hanging.closeAllConnections();
    }
  });
});

const HEADERS = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
  authorization: 'Bearer the-token-of-the-caller',
};
const WAIT = JSON.stringify({
  ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
  params: { name: 'wait_for_task', arguments: { taskId: 'task_0123456789abcdef' } },
});
