import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  type CallToolResult,
} from '@modelcontextprotocol/sdk/types.js';
import type { AgentRun } from '../client/agent-run.js';
import { checkArguments } from './check-arguments.js';
import { failureText } from './failure-text.js';
import type { Tool, ToolCall } from './tool.js';
import { TOOLS } from './tools/index.js';

export interface McpOptions {
  readonly version: string;
  /** The manager in the caller's name; asked for by each call, so that one that starts later is found. */
  readonly connect: () => Promise<AgentRun>;
}

const INSTRUCTIONS =
  'AgentRun runs coding agents unattended. A task is one piece of work: create_task, then wait_for_task. A session is a conversation: send_to_session, then wait_for_session; ' +
  'what you send while it works steers it. list_tasks shows what needs attention first; explain_run says why something failed or hangs.';

/** The tools over the manager's API. It keeps nothing between calls. */
export function createMcpServer({ version, connect }: McpOptions): McpServer {
  const capabilities = { tools: {} };
  const mcp = new McpServer(
    { name: 'agentrun', title: 'AgentRun', version },
    { capabilities, instructions: INSTRUCTIONS },
  );
  // By the protocol itself: the schemas are the contract's, which the convenience methods do not take.
  const { server } = mcp;
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: TOOLS.map(described) }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal, _meta, sendNotification }) => {
    const token = _meta?.progressToken;
    let progress = 0;
    const tell = (message: string) => {
      if (token === undefined) return;
      const notification = { progressToken: token, progress: ++progress, message };
      // A caller that has gone needs no word.
      sendNotification({ method: 'notifications/progress', params: notification }).catch(() => undefined);
    };
    return call(toolNamed(params.name), params.arguments, { connect, signal, progress: tell });
  });
  return mcp;
}

type Caller = Omit<ToolCall, 'agentrun'> & Pick<McpOptions, 'connect'>;

/** What goes wrong is the tool's answer, so that the agent reads it. */
async function call(tool: Tool, given: unknown, { connect, ...caller }: Caller): Promise<CallToolResult> {
  try {
    const args = checkArguments(tool.input, given);
    const answer = await tool.run(args, { ...caller, agentrun: await connect() });
    const content = [{ type: 'text' as const, text: JSON.stringify(answer) }];
    return { content, structuredContent: answer };
  } catch (error) {
    return { content: [{ type: 'text', text: failureText(error) }], isError: true };
  }
}

function toolNamed(name: string): Tool {
  const tool = TOOLS.find((candidate) => candidate.name === name);
  if (tool === undefined)
    throw new McpError(ErrorCode.InvalidParams, `there is no tool ${JSON.stringify(name.slice(0, 64))}`);
  return tool;
}

/** Schemas as plain JSON: `type: object` is a literal that the protocol asks for. */
function described({ name, title, description, hints, input, output }: Tool) {
  const annotations = { title, ...hints };
  return { name, title, description, annotations, inputSchema: plain(input), outputSchema: plain(output) };
}

function plain(schema: Tool['input']): { type: 'object' } {
  return JSON.parse(JSON.stringify(schema)) as { type: 'object' };
}
