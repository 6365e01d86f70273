import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Progress } from '@modelcontextprotocol/sdk/types.js';
import assert from 'node:assert/strict';
import type { Loose } from './api.js';
import { BIN } from './cli.js';

/** The SDK's own client, as agents have it. Answers are checked against the schemas that the server gave. */
export class McpCaller {
  readonly client = new Client({ name: 'agentrun-tests', version: '1.0.0' });

  /** The program as a child process, with nothing of ours in its environment but what is given. */
  static async overStdio(settings: Record<string, string>): Promise<McpCaller> {
    const { PATH = '', HOME = '' } = process.env;
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [BIN, 'mcp'],
      env: { PATH, HOME, ...settings },
    });
    const caller = new McpCaller();
    await caller.client.connect(transport);
    await caller.client.listTools();
    return caller;
  }

  static async overHttp(url: string, token: string): Promise<McpCaller> {
    const requestInit = { headers: { authorization: `Bearer ${token}` } };
    const caller = new McpCaller();
    await caller.client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
    await caller.client.listTools();
    return caller;
  }

  /** The structured answer of a call that must go well. */
  async call(name: string, args: Record<string, unknown>, onprogress?: (progress: Progress) => void): Promise<Loose> {
    const answer: Loose = await this.client.callTool({ name, arguments: args }, undefined, { onprogress });
    assert.ok(!answer.isError, `${name}: ${JSON.stringify(answer.content)}`);
    assert.deepEqual(JSON.parse(answer.content[0].text), answer.structuredContent);
    return answer.structuredContent;
  }

  /** The words of a call that must fail. */
  async failure(name: string, args: Record<string, unknown>): Promise<string> {
    const answer: Loose = await this.client.callTool({ name, arguments: args });
    assert.equal(answer.isError, true, `${name}: ${JSON.stringify(answer)}`);
    return answer.content[0].text;
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
