/**
 * An agent that speaks ACP and does what its prompt says, for what agents do well and badly. What it can do is in the environment variable
 * AGENT, as JSON; what it remembers is in the file `store` there.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import {
  agent,
  ndJsonStream,
  RequestError,
  type AgentContext,
  type PromptResponse,
  type RequestPermissionOutcome,
  type SessionUpdate,
  type StopReason,
} from '@agentclientprotocol/sdk';

interface Abilities {
  readonly load?: boolean;
  readonly resume?: boolean;
  readonly steering?: boolean;
  readonly needsLogin?: boolean;
  readonly modes?: boolean;
  readonly version?: number;
  readonly store?: string;
}

interface Turn {
  readonly sessionId: string;
  readonly client: AgentContext;
  readonly words: string;
  readonly cancelled: AbortSignal;
  readonly tell: (update: SessionUpdate) => Promise<void>;
  readonly say: (text: string, messageId?: string) => Promise<void>;
}

const abilities = JSON.parse(process.env['AGENT'] ?? '{}') as Abilities;
const folders = new Map<string, string>();
const live = new Map<string, AbortController>();
const steers: string[] = [];
let isLoggedIn = false;
let mode = 'careful';

const ACTS: Readonly<Record<string, (turn: Turn) => Promise<StopReason | PromptResponse>>> = {
  async say({ words, say }) {
    for (const piece of words.split(/(?<= )/)) await say(piece, 'm1');
    return 'end_turn';
  },
  /** The first word of what a profile is validated with. */
  async Answer({ say }) {
    await say('ready');
    return 'end_turn';
  },
  async think({ tell, say }) {
    await tell({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'Where to ' }, messageId: 't1' });
    await tell({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'begin' }, messageId: 't1' });
    const entries = [
      { content: 'look', status: 'completed', priority: 'high' },
      { content: 'write', status: 'in_progress', priority: 'low' },
    ] as const;
    await tell({ sessionUpdate: 'plan', entries: [...entries] });
    await tell({ sessionUpdate: 'usage_update', used: 50, size: 1000, cost: { amount: 0.25, currency: 'USD' } });
    await tell({ sessionUpdate: 'notice', severity: 'warning', title: 'Slow model', description: 'be patient' });
    await tell({ sessionUpdate: 'compaction_update', compactionId: 'c1', status: 'completed' });
    await say('Begun.');
    const usage = { totalTokens: 30, inputTokens: 20, outputTokens: 10, cachedReadTokens: 5 };
    return { stopReason: 'end_turn', usage } as PromptResponse;
  },
  async edit({ sessionId, tell, say }) {
    const path = join(folders.get(sessionId) ?? '', 'notes.txt');
    const oldText = existsSync(path) ? readFileSync(path, 'utf8') : null;
    const newText = `${oldText ?? 'a\nb\nc\nd\ne\n'}last\n`;
    await say('I will edit. ');
    const call = {
      toolCallId: 'edit-1',
      title: 'Edit notes.txt',
      kind: 'edit' as const,
      locations: [{ path, line: 6 }],
    };
    await tell({ sessionUpdate: 'tool_call', ...call, status: 'pending' });
    await tell({ sessionUpdate: 'tool_call_update', toolCallId: 'edit-1', status: 'in_progress' });
    writeFileSync(path, newText);
    const content = [
      { type: 'diff' as const, path, oldText, newText },
      { type: 'content' as const, content: { type: 'text' as const, text: 'written' } },
    ];
    await tell({ sessionUpdate: 'tool_call_update', toolCallId: 'edit-1', status: 'completed', content });
    await say('Edited.');
    return 'end_turn';
  },
  async run({ tell }) {
    const rawInput = { command: ['make', 'test'] };
    await tell({
      sessionUpdate: 'tool_call',
      toolCallId: 'r',
      title: 'make test',
      kind: 'execute',
      status: 'in_progress',
      rawInput,
    });
    const output = (data: string) => ({ terminal_output_delta: { data, terminal_id: 'r' } });
    await tell({ sessionUpdate: 'tool_call_update', toolCallId: 'r', _meta: output('building\n') });
    const end = { ...output('broken\n'), terminal_exit: { exit_code: 2, signal: null, terminal_id: 'r' } };
    await tell({ sessionUpdate: 'tool_call_update', toolCallId: 'r', status: 'failed', _meta: end });
    return 'end_turn';
  },
  async ask(turn) {
    const outcome = await permissionFor(turn);
    if (outcome.outcome !== 'cancelled') return 'end_turn';
    await untilCancelled(turn.cancelled);
    return 'cancelled';
  },
  /** Asks, and listens to nothing that is said to it afterwards. */
  async insist(turn) {
    await permissionFor(turn);
    return new Promise(() => {});
  },
  /** Asks, and goes on as if it had been allowed. */
  async presume(turn) {
    await permissionFor(turn);
    return 'end_turn';
  },
  async work({ tell, say, cancelled }) {
    const call = { toolCallId: 'w', title: 'sleep 60', kind: 'execute' as const, status: 'in_progress' as const };
    await tell({ sessionUpdate: 'tool_call', ...call });
    while (!cancelled.aborted && steers.length === 0) {
      await say('. ');
      await delay(20);
    }
    if (cancelled.aborted) return 'cancelled';
    await tell({ sessionUpdate: 'tool_call_update', toolCallId: 'w', status: 'completed' });
    await say(`heard: ${steers.splice(0).join(', ')}`, 'm2');
    return 'end_turn';
  },
  /** Takes steers, and says nothing more until it is cancelled. */
  async freeze({ say, cancelled }) {
    await say('frozen');
    await untilCancelled(cancelled);
    return 'cancelled';
  },
  async hang({ say }) {
    await say('I do not listen.');
    return new Promise(() => {});
  },
  async crash({ say }) {
    await say('I am about to ');
    process.stderr.write(`panic: the key is ${process.env['AGENT_KEY']}\n`);
    process.exit(7);
  },
  /** Lives on, and cannot be heard any more. */
  async mute({ say }) {
    await say('And now: ');
    process.stdout.end();
    setInterval(() => {}, 1_000);
    return new Promise(() => {});
  },
  /** One message of so many mebibytes. */
  async roar({ words, say }) {
    await say('x'.repeat(Number(words) * 1024 * 1024));
    return 'end_turn';
  },
  async leak({ say }) {
    await say(`the key is ${process.env['AGENT_KEY']}`);
    return 'end_turn';
  },
  async where({ say }) {
    await say(JSON.stringify({ cwd: process.cwd(), home: process.env['AGENT_HOME'], mode, isLoggedIn }));
    return 'end_turn';
  },
  async recall({ sessionId, say }) {
    await say(promptsOf(sessionId).join(' | '));
    return 'end_turn';
  },
  async flood({ words, say }) {
    const line = 'x'.repeat(10_000);
    for (let count = 0; count < Number(words); count += 1) await say(line, `f${count}`);
    return 'end_turn';
  },
  async background({ tell }) {
    await tell({
      sessionUpdate: 'tool_call',
      toolCallId: 'b',
      title: 'a long build',
      kind: 'execute',
      status: 'in_progress',
    });
    setTimeout(() => {
      void tell({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'between turns' } });
      void tell({ sessionUpdate: 'tool_call_update', toolCallId: 'b', status: 'completed' });
    }, 3_000);
    return 'end_turn';
  },
  /** As codex's adapter ends a turn whose provider refused. */
  async break({ tell, say, words }) {
    await tell({ sessionUpdate: 'session_info_update', _meta: { codex: { threadStatus: { type: 'active' } } } });
    await tell({ sessionUpdate: 'session_info_update', _meta: { codex: { threadStatus: { type: 'systemError' } } } });
    await say(words);
    return 'end_turn';
  },
  async stop({ words }) {
    return words as StopReason;
  },
  async fail({ words }) {
    const { code, data } = JSON.parse(words) as { code: number; data?: unknown };
    throw new RequestError(code, 'Refused', data);
  },
};

async function permissionFor({ client, sessionId, say }: Turn): Promise<RequestPermissionOutcome> {
  const { outcome } = await client.request('session/request_permission', {
    sessionId,
    toolCall: { toolCallId: 'ask-1', title: 'rm -rf build', kind: 'execute', rawInput: { command: 'rm -rf build' } },
    options: [
      { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
      { optionId: 'never', name: 'Never', kind: 'reject_always' },
      { optionId: 'no', name: 'No', kind: 'reject_once' },
    ],
  });
  await say(outcome.outcome === 'selected' ? `chosen: ${outcome.optionId}` : 'not answered');
  return outcome;
}

function untilCancelled(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

type Memory = Record<string, string[]>;

function memory(): Memory {
  const { store } = abilities;
  return store !== undefined && existsSync(store) ? (JSON.parse(readFileSync(store, 'utf8')) as Memory) : {};
}

function promptsOf(sessionId: string): string[] {
  return memory()[sessionId] ?? [];
}

function remember(sessionId: string, prompt: string): void {
  const { store } = abilities;
  if (store !== undefined) {
    writeFileSync(store, JSON.stringify({ ...memory(), [sessionId]: [...promptsOf(sessionId), prompt] }));
  }
}

function assertKnown(sessionId: string, cwd: string): void {
  if (!Object.hasOwn(memory(), sessionId))
    throw new RequestError(-32002, 'Resource not found', { details: 'no such session' });
  folders.set(sessionId, cwd);
}

const modes = () =>
  abilities.modes
    ? { modes: { currentModeId: mode, availableModes: ['careful', 'bold'].map((id) => ({ id, name: id })) } }
    : {};

function assertLoggedIn(): void {
  if (abilities.needsLogin && !isLoggedIn) throw RequestError.authRequired();
}

interface Steer {
  readonly sessionId: string;
  readonly prompt: readonly { readonly text: string }[];
}

agent({ name: 'parrot' })
  .onRequest('initialize', () => ({
    protocolVersion: abilities.version ?? 1,
    agentInfo: { name: 'parrot', version: '3' },
    agentCapabilities: {
      loadSession: abilities.load ?? false,
      sessionCapabilities: abilities.resume ? { resume: {} } : {},
    },
    authMethods: abilities.needsLogin ? [{ id: 'key', name: 'A key' }] : [],
    ...(abilities.steering && { _meta: { steering: { supported: true } } }),
  }))
  .onRequest('authenticate', () => {
    if (!process.env['AGENT_KEY']) throw RequestError.authRequired();
    isLoggedIn = true;
  })
  .onRequest('session/new', ({ params }) => {
    assertLoggedIn();
    const sessionId = `s-${Date.now()}-${process.pid}`;
    folders.set(sessionId, params.cwd);
    return { sessionId, ...modes() };
  })
  .onRequest('session/load', async ({ params, client }) => {
    const { sessionId, cwd } = params;
    assertKnown(sessionId, cwd);
    for (const prompt of promptsOf(sessionId)) {
      const told = (sessionUpdate: 'user_message_chunk' | 'agent_message_chunk', text: string) =>
        client.notify('session/update', { sessionId, update: { sessionUpdate, content: { type: 'text', text } } });
      await told('user_message_chunk', prompt);
      await told('agent_message_chunk', `told again: ${prompt}`);
    }
    return modes();
  })
  .onRequest('session/resume', ({ params }) => {
    assertKnown(params.sessionId, params.cwd);
    return modes();
  })
  .onRequest('session/set_mode', ({ params }) => {
    mode = params.modeId;
  })
  .onRequest('session/prompt', async ({ params, client }) => {
    const { sessionId } = params;
    const text = params.prompt.map((part) => (part.type === 'text' ? part.text : '')).join('');
    remember(sessionId, text);
    const [act = '', ...words] = (text.split('\n').at(-1) ?? '').split(' ');
    const controller = new AbortController();
    live.set(sessionId, controller);
    const tell = (update: SessionUpdate) => client.notify('session/update', { sessionId, update });
    const say = (said: string, messageId?: string) =>
      tell({
        sessionUpdate: 'agent_message_chunk',
        content: { type: 'text', text: said },
        messageId: messageId ?? null,
      });
    const turn = { sessionId, client, words: words.join(' '), cancelled: controller.signal, tell, say };
    try {
      const end = await ACTS[act]!(turn);
      return typeof end === 'string' ? { stopReason: end } : end;
    } finally {
      live.delete(sessionId);
    }
  })
  .onRequest(
    '_session/steering',
    (params) => params as Steer,
    ({ params }) => {
      if (!live.has(params.sessionId)) return { outcome: 'promptRequired' };
      steers.push(params.prompt.map(({ text }) => text).join(''));
      return { outcome: 'injected' };
    },
  )
  .onNotification('session/cancel', ({ params }) => live.get(params.sessionId)?.abort())
  .connect(
    ndJsonStream(
      Writable.toWeb(process.stdout) as WritableStream<Uint8Array>,
      Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
    ),
  )
  .closed.then(() => (process.stdout.writableEnded ? undefined : process.exit(0)))
  .catch(() => process.exit(1));
