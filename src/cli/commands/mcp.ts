import { InvalidArgumentError, type Command } from 'commander';
import { AgentRun } from '../../client/agent-run.js';
import type { HttpClientOptions } from '../../client/http-client.js';
import { CliError } from '../cli-error.js';
import { findApi } from '../connect.js';
import type { CliContext } from '../context.js';
import { StopSignals } from '../stop-signals.js';
import { version } from '../version.js';

/** An agent that calls a tool is told of an API that hangs before it gives up itself. */
const ANSWER_MS = 20_000;

export function addMcpCommand(program: Command, context: CliContext): void {
  program
    .command('mcp')
    .description('serve AgentRun to agents by the Model Context Protocol, over standard input and output')
    .option(
      '--http <port>',
      'over streamable HTTP on 127.0.0.1 instead; each caller gives an operator token',
      portNumber,
    )
    .action(({ http }: { http?: number }) => (http === undefined ? serveStdio(context) : serveHttp(context, http)));
}

function portNumber(given: string): number {
  const port = Number(given);
  if (!/^\d+$/.test(given) || port > 65_535)
    throw new InvalidArgumentError('A port is a number up to 65535; 0 takes a free one.');
  return port;
}

async function serveStdio(context: CliContext): Promise<void> {
  const mcp = await import('../../mcp/serve-stdio.js');
  await mcp.serveStdio(
    { version: version(), connect: async () => agentrun(await found(context)) },
    process.stdin,
    process.stdout,
  );
}

async function serveHttp(context: CliContext, port: number): Promise<void> {
  const mcp = await import('../../mcp/serve-http.js');
  const signals = new StopSignals();
  // Whoever asks is taken for whom their token says: never for the one who started this.
  const connect = async (token: string) => agentrun({ ...(await found(context)), token });
  const server = await mcp.serveHttp({ version: version(), port, connect });
  context.screen.note(`MCP at ${server.url}`);
  await signals.first;
  await server.stop();
  signals.close();
}

function agentrun(options: HttpClientOptions): AgentRun {
  return new AgentRun({ ...options, timeoutMs: ANSWER_MS });
}

/** With the advice in the message: that is all that an agent is told. */
async function found(context: CliContext): Promise<HttpClientOptions> {
  try {
    return await findApi(context);
  } catch (error) {
    if (error instanceof CliError) {
      throw new Error([error.message, ...error.advice].join('; '), { cause: error });
    }
    throw error;
  }
}
