import type { Progress } from '@modelcontextprotocol/sdk/types.js';
import assert from 'node:assert/strict';
import type { Loose } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { McpCaller } from '../support/mcp-client.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const EXEC = { backendProfile: 'exec' };

describe('agentrun mcp, to an agent', function () {
  this.timeout(60_000);
  let manager: TestManager;
  let agent: McpCaller;

  before(async () => {
    manager = await startTestManager();
    agent = await McpCaller.overStdio({
      AGENTRUN_URL: manager.url,
      AGENTRUN_OPERATOR_TOKEN: manager.operatorToken,
    });
  });
  after(async () => {
    await agent.close();
    await manager.stop();
  });

  const textOf = (read: Loose): string => read.items.map(({ text }: Loose) => text).join('\n');

  it('describes each tool, what it takes and gives, and what it may do', async () => {
    const { tools } = await agent.client.listTools();
    const names = tools.map(({ name }) => name);
    for (const name of ['create_task', 'get_task', 'list_tasks', 'wait_for_task', 'cancel_task', 'explain_run'])
      assert.ok(names.includes(name), name);
    for (const { name, description = '', inputSchema, outputSchema, annotations } of tools) {
      assert.ok(description.length > 40, name);
      assert.equal(inputSchema.additionalProperties, false, name);
      assert.ok(outputSchema, name);
      const { readOnlyHint, destructiveHint } = annotations ?? {};
      assert.equal(readOnlyHint, /^(get|list|wait|read|explain)_/.test(name), name);
      assert.equal(destructiveHint, name.startsWith('cancel_'), name);
    }
    assert.match(agent.client.getInstructions() ?? '', /create_task, then wait_for_task/);
  });

  it('makes a task, waits for its end while it is told how it goes, and reads what it printed', async () => {
    const prompt = 'echo one; sleep 1; echo two';
    const made = await agent.call('create_task', { prompt, title: 'Count', sessionId: 'mcp-count', ...EXEC });
    const told: Progress[] = [];
    const ended = await agent.call('wait_for_task', { taskId: made.taskId }, (progress) => told.push(progress));
    assert.deepEqual([ended.state, ended.isOver, ended.timedOut, ended.title], ['completed', true, false, 'Count']);
    assert.match(ended.reply, /one\ntwo/);
    assert.match(ended.diagnosis, /The task completed/);
    assert.ok(told.length > 0 && told.every(({ message }) => message), JSON.stringify(told));
    const read = await agent.call('read_session', { sessionId: 'mcp-count' });
    assert.match(textOf(read), /one\ntwo/);
    const { state, reply } = await agent.call('get_task', { taskId: made.taskId });
    assert.deepEqual([state, reply], ['completed', ended.reply]);
    assert.equal((await agent.call('cancel_task', { taskId: made.taskId })).state, 'completed');
  });

  it('makes a task once for the same key', async () => {
    const task = { prompt: 'true', idempotencyKey: 'once', dispatch: false, ...EXEC };
    const [first, second] = [await agent.call('create_task', task), await agent.call('create_task', task)];
    assert.equal(first.taskId, second.taskId);
    assert.equal(first.phase, 'waiting-for-dispatch');
  });

  it('begins a session, steers its turn, and reads on from where it was', async () => {
    const sessionId = 'mcp-steered';
    const said = await agent.call('send_to_session', { sessionId, prompt: 'echo begun; read x; echo got $x', ...EXEC });
    assert.equal(said.decision, 'turn');
    const begun = await eventually('the turn to begin', async () => {
      const read = await agent.call('read_session', { sessionId });
      return textOf(read).includes('begun\n') && read;
    });
    const steered = await agent.call('send_to_session', { sessionId, prompt: 'hello' });
    assert.deepEqual([steered.decision, steered.steeredCommandId], ['steer', said.commandId]);
    const { runId, commandId } = said;
    const ended = await agent.call('wait_for_session', { sessionId, runId, commandId });
    assert.deepEqual([ended.timedOut, ended.terminalStatus, ended.commandId], [false, 'completed', commandId]);
    assert.match(ended.reply, /got hello/);
    const rest = textOf(await agent.call('read_session', { sessionId, cursor: begun.cursor }));
    assert.match(rest, /got hello/);
    assert.doesNotMatch(rest, /^begun$/m);
    const after = await agent.call('wait_for_session', { sessionId, runId, commandId: steered.commandId });
    assert.equal(after.commandId, commandId, 'of a steer the turn that it went into');
  });

  it('waits for the turn that a steer went into, and for no later one', async () => {
    const sessionId = 'mcp-just-that';
    const prompt = 'echo begun; read x; sleep 1; echo got $x';
    const first = await agent.call('send_to_session', { sessionId, prompt, ...EXEC });
    await eventually('the turn to begin', async () =>
      textOf(await agent.call('read_session', { sessionId })).includes('begun\n'),
    );
    const steered = await agent.call('send_to_session', { sessionId, prompt: 'hello' });
    assert.equal(steered.decision, 'steer');
    const ended = await agent.call('wait_for_session', { sessionId, runId: first.runId, commandId: steered.commandId });
    assert.deepEqual([ended.timedOut, ended.terminalStatus], [false, 'completed']);
    assert.match(ended.reply, /got hello/);
    await agent.call('send_to_session', { sessionId, prompt: 'sleep 60' });
    for (const { runId, commandId } of [first, steered]) {
      const again = await agent.call('wait_for_session', { sessionId, runId, commandId, timeoutMs: 10_000 });
      assert.deepEqual([again.timedOut, again.commandId], [false, first.commandId]);
    }
    await agent.call('cancel_session', { sessionId });
  });

  it('says where a task is and why when the time is over, and stops it', async () => {
    const { taskId } = await agent.call('create_task', { prompt: 'echo begun; sleep 60', ...EXEC });
    const waited = await agent.call('wait_for_task', { taskId, timeoutMs: 200 });
    assert.deepEqual([waited.timedOut, waited.isOver, waited.reply], [true, false, null]);
    assert.ok(waited.diagnosis.length > 20);
    await agent.call('cancel_task', { taskId, reason: 'enough' });
    const ended = await agent.call('wait_for_task', { taskId });
    assert.deepEqual([ended.state, ended.timedOut], ['cancelled', false]);
    assert.equal((await agent.call('cancel_task', { taskId })).state, 'cancelled');
  });

  it('stops what a session does', async () => {
    const sessionId = 'mcp-stopped';
    const { runId, commandId } = await agent.call('send_to_session', { sessionId, prompt: 'sleep 60', ...EXEC });
    const waited = await agent.call('wait_for_session', { sessionId, runId, commandId, timeoutMs: 100 });
    assert.equal(waited.timedOut, true);
    const stopped = await agent.call('cancel_session', { sessionId });
    assert.equal(stopped.runId, runId);
    const ended = await agent.call('wait_for_session', { sessionId, runId, commandId });
    assert.deepEqual([ended.timedOut, ended.terminalStatus], [false, 'cancelled']);
  });

  it('lists what needs attention first, until it is marked as read, and explains it', async () => {
    const task = { prompt: 'exit 3', queue: 'mcp', retryPolicy: { maxAttempts: 1 }, ...EXEC };
    const { taskId } = await agent.call('create_task', task);
    const failed = await agent.call('wait_for_task', { taskId });
    assert.equal(failed.state, 'failed');
    const listed = async (args = {}) => agent.call('list_tasks', { queue: 'mcp', ...args });
    const before = await listed();
    assert.deepEqual(
      before.needsAttention.map((one: Loose) => [one.taskId, one.attentionState]),
      [[taskId, 'failed']],
    );
    await agent.call('mark_task_read', { taskId });
    assert.deepEqual((await listed()).needsAttention, []);
    assert.deepEqual((await listed({ state: 'completed' })).tasks, []);
    const why = await agent.call('explain_run', { runId: failed.runId, maxEntries: 2 });
    assert.deepEqual([why.status, why.timeline.length], ['failed', 2]);
    assert.ok(why.omitted > 0 && why.diagnosis.length > 20);
  });

  it('reads a long session part by part, nothing twice and nothing left out', async () => {
    const sessionId = 'mcp-long';
    const prompt = 'for i in $(seq 1 400); do echo "line $i"; [ $((i % 50)) = 0 ] && sleep 0.1; done';
    const { runId, commandId } = await agent.call('send_to_session', { sessionId, prompt, ...EXEC });
    await agent.call('wait_for_session', { sessionId, runId, commandId });
    let printed = '';
    let cursor: string | undefined;
    for (let more = true; more;) {
      const read = await agent.call('read_session', { sessionId, maxChars: 1_000, ...(cursor && { cursor }) });
      for (const { type, text } of read.items) if (type === 'command_output') printed += String(text);
      ({ cursor, more } = read);
    }
    assert.equal(printed.split('\n').filter((line) => /^line \d+$/.test(line)).length, 400);
    const end = await agent.call('read_session', { sessionId, last: 3 });
    assert.deepEqual(await agent.call('read_session', { sessionId, cursor: end.cursor }), {
      ...{ sessionId, items: [], cursor: end.cursor, more: false },
    });
  });

  const WRONG: [tool: string, args: Record<string, unknown>, said: RegExp][] = [
    ['create_task', {}, /schema-invalid: prompt is required/],
    ['create_task', { prompt: 'x', promt: 'y' }, /promt is not a known field/],
    ['create_task', { prompt: 'x', priority: 'high' }, /priority must be integer/],
    ['create_task', { prompt: 'x', workspaceRef: { kind: 'git' } }, /workspaceRef\.repoUrl is required/],
    ['create_task', { prompt: 'x', notBefore: 'soon' }, /notBefore must match format "date-time"/],
    ['create_task', { prompt: 'x', backendProfile: 'nobody-made-this' }, /backendProfile must be one of exec, codex/],
    ['get_task', { taskId: 'latest' }, /taskId must match/],
    ['get_task', { taskId: 'task_0123456789abcdef' }, /task_0123456789abcdef/],
    ['wait_for_task', { taskId: 'task_0123456789abcdef', timeoutMs: 900_000 }, /timeoutMs must be <= 600000/],
    ['wait_for_session', { sessionId: 'x', runId: 'run_0123456789abcdef' }, /commandId/],
    ['list_tasks', { state: 'happy' }, /state must be one of pending, running/],
    ['read_session', { sessionId: 'mcp-count', cursor: 'made-up' }, /cursor/],
    ['read_session', { sessionId: 'nobody-began-this' }, /nobody-began-this|session/],
    ['explain_run', { runId: 'run_0123456789abcdef' }, /run_0123456789abcdef|run/],
  ];
  for (const [tool, args, said] of WRONG) {
    it(`tells what is wrong with ${tool} ${JSON.stringify(args)}`, async () => {
      assert.match(await agent.failure(tool, args), said);
    });
  }

  it('has no other tools', async () => {
    await assert.rejects(agent.client.callTool({ name: 'launch', arguments: {} }), /there is no tool "launch"/);
  });
});
