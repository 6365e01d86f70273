// What an agent does with AgentRun's tools, without the agent: `node examples/mcp/delegate.js 'echo hello'` starts `agentrun mcp`, hands
// a task on, waits for its end and prints the reply. AGENTRUN_URL and AGENTRUN_OPERATOR_TOKEN, where they are set, say which manager.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const agentrun = fileURLToPath(new URL('../../bin/agentrun.js', import.meta.url));
const transport = new StdioClientTransport({
  command: process.execPath,
  args: [agentrun, 'mcp'],
  env: { ...process.env },
});
const client = new Client({ name: 'delegate-example', version: '1.0.0' });
await client.connect(transport);

try {
  const prompt = process.argv[2] ?? 'echo hello from $(uname -s)';
  const { taskId } = await call('create_task', { prompt, backendProfile: 'exec' });
  console.log(`task ${taskId}`);
  const ended = await waited(taskId);
  console.log(`${ended.state}: ${ended.diagnosis}`);
  console.log(ended.reply ?? '');
  process.exitCode = ended.state === 'completed' ? 0 : 1;
} finally {
  await client.close();
}

/** A call waits for a time; the task may take longer. */
async function waited(taskId) {
  const onprogress = ({ message }) => console.log(`· ${message}`);
  for (;;) {
    const task = await call('wait_for_task', { taskId, timeoutMs: 30_000 }, { onprogress });
    if (!task.timedOut) return task;
  }
}

async function call(name, args, options) {
  const { content, structuredContent, isError } = await client.callTool({ name, arguments: args }, undefined, options);
  if (isError) throw new Error(content[0].text);
  return structuredContent;
}
