import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AgentRun } from '../client/agent-run.js';
import { admit } from './admission.js';
import { createMcpServer, type McpOptions } from './server.js';

export interface HttpMcpOptions extends Pick<McpOptions, 'version'> {
  /** 0 takes a free one. */
  readonly port: number;
  /** The manager in the name of whoever has this token: it decides what the token may. */
  readonly connect: (token: string) => Promise<AgentRun>;
}

export interface HttpMcp {
  /** Where clients connect to. */
  readonly url: string;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const MCP_PATH = '/mcp';

/** Streamable HTTP on the loopback address, without sessions: each request says whose it is, and stands for itself. */
export async function serveHttp(options: HttpMcpOptions): Promise<HttpMcp> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      if (!response.headersSent) refuse(response, 500, error instanceof Error ? error.message : String(error));
      else response.destroy();
    });
  });
  server.listen(options.port, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://${HOST}:${port}${MCP_PATH}`, stop };
}

async function answer(options: HttpMcpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const admission = admit(request.headers, request.socket.localPort ?? 0);
  if ('refusal' in admission) {
    refuse(response, admission.status, admission.refusal);
    return;
  }
  if (request.url?.split('?')[0] !== MCP_PATH) {
    refuse(response, 404, `the endpoint is ${MCP_PATH}`);
    return;
  }
  // Nothing is ever said outside an answer, so there is no stream to open and no session to end.
  if (request.method !== 'POST') {
    refuse(response, 405, 'only POST is spoken here', { allow: 'POST' });
    return;
  }
  const { version } = options;
  const mcp = createMcpServer({ version, connect: () => options.connect(admission.token) });
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  // Also where the caller went away: its waits end with the connection.
  response.once('close', () => void mcp.close());
  await mcp.connect(transport);
  await transport.handleRequest(request, response);
}

function refuse(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  const authenticate = status === 401 ? { 'www-authenticate': 'Bearer realm="agentrun"' } : {};
  const body = { jsonrpc: '2.0', error: { code: -32000, message }, id: null };
  response
    .writeHead(status, { 'content-type': 'application/json', ...authenticate, ...headers })
    .end(JSON.stringify(body));
}
