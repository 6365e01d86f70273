import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { Readable, Writable } from 'node:stream';
import { createMcpServer, type McpOptions } from './server.js';

/** Speaks the protocol over the streams until the input ends; waits that are under way end with it. */
export async function serveStdio(options: McpOptions, input: Readable, output: Writable): Promise<void> {
  const server = createMcpServer(options);
  const ended = new Promise<void>((resolve) => {
    for (const event of ['end', 'close', 'error']) input.once(event, () => resolve());
  });
  await server.connect(new StdioServerTransport(input, output));
  await ended;
  await server.close();
}
