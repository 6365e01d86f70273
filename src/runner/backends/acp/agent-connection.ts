import type { ChildProcess } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import {
  client,
  methods,
  ndJsonStream,
  RequestError,
  type AgentRequestMethod,
  type AgentRequestParamsByMethod,
  type AgentRequestResponsesByMethod,
  type ClientConnection,
  type RequestPermissionOutcome,
  type RequestPermissionRequest,
  type SessionNotification,
} from '@agentclientprotocol/sdk';
import { signalGroup } from '../../../processes/process-tree.js';
import { cut } from '../../text.js';

/** The agent is gone, or did not answer in time. */
export class AgentGone extends Error {
  override readonly name = 'AgentGone';
}

export interface AgentEvents {
  onUpdate(notification: SessionNotification): void;
  /** Its answer is sent. */
  onPermission(request: RequestPermissionRequest): RequestPermissionOutcome;
  /** Once: the program has ended, with words on how. Everything it said before is told before. */
  onExit(reason: string): void;
}

/** Far above what agents say at once; a message is held in memory, whole. */
const MAX_MESSAGE_MIB = 32;
const MAX_MESSAGE_BYTES = MAX_MESSAGE_MIB * 1024 * 1024;
const TOO_LONG = `the agent sent a message of more than ${MAX_MESSAGE_MIB} MiB, and was ended for it`;
const NEWLINE = 10;
const STDERR_LENGTH = 8_000;
const LAST_WORDS_MS = 500;
/** An agent that closes its output is at its end. */
const CLOSED_MS = 1_000;
const TICK_MS = 20;
const STYLE = new RegExp(String.raw`\u001b\[[0-9;]*m`, 'g');

/**
 * What the agent sends is told in the order in which it came, also where an answer to us is among it: whoever waits for an
 * answer goes on before what came after it is told.
 */
const inTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Talks with an agent over its standard streams, and knows when it is gone. */
export class AgentConnection {
  /** Resolves when the program has ended, with words on how. */
  readonly exited: Promise<string>;
  readonly #connection: ClientConnection;
  #said = '';
  #held: Promise<void> | null = null;
  #letGo = () => {};
  #hasExited = false;
  #isAbandoned = false;
  /** Why we ended it. */
  #fault: string | null = null;

  constructor(
    private readonly child: ChildProcess,
    private readonly events: AgentEvents,
  ) {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', () => {});
    child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.#said = (this.#said + text).slice(-STDERR_LENGTH)));
    this.#connection = this.#connect();
    this.exited = this.#watch();
  }

  get isAlive(): boolean {
    return !this.#hasExited && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** @throws RequestError of the agent's own words, AgentGone when it ends or does not answer within `timeoutMs`. */
  async request<Method extends AgentRequestMethod>(
    method: Method,
    params: AgentRequestParamsByMethod[Method],
    timeoutMs?: number,
  ): Promise<AgentRequestResponsesByMethod[Method]> {
    return this.#answered(method, this.#connection.agent.request(method, params), timeoutMs);
  }

  /** A request that the protocol itself does not know. As `request`. */
  async extension<T>(method: string, params: object): Promise<T> {
    return this.#answered(method, this.#connection.agent.request<T>(method, params));
  }

  /** Asks the agent to end what the session's turn does. Its answer is the end of the turn. */
  cancel(sessionId: string): void {
    this.#connection.agent.notify(methods.agent.session.cancel, { sessionId }).catch(() => {});
  }

  /** Reads nothing more until `resume`: the agent waits when its pipe is full. */
  pause(): void {
    this.#held ??= new Promise((resolve) => (this.#letGo = resolve));
  }

  resume(): void {
    this.#held = null;
    this.#letGo();
  }

  /** Asks it to end, by closing its input. */
  end(): void {
    this.child.stdin?.end();
  }

  /** Ends it, and waits for nothing that it might still say. */
  kill(): void {
    this.#isAbandoned = true;
    this.resume();
    if (this.child.pid !== undefined && this.isAlive) signalGroup(this.child.pid, 'SIGKILL');
  }

  /** The end of what it printed on stderr, of at most `lines` lines. */
  lastWords(lines: number): string {
    const text = this.#said.replace(STYLE, '').trim();
    return cut(text.split('\n').slice(-lines).join('\n'), 2_000);
  }

  #connect(): ClientConnection {
    const { child, events } = this;
    const app = client({ name: 'agentrun' })
      .onNotification(methods.client.session.update, async ({ params }) => {
        await inTurn();
        events.onUpdate(params);
      })
      .onRequest(methods.client.session.requestPermission, async ({ params }) => {
        await inTurn();
        return { outcome: events.onPermission(params) };
      });
    const input = Writable.toWeb(child.stdin as Writable) as WritableStream<Uint8Array>;
    const output = Readable.toWeb(Readable.from(this.#chunks())) as ReadableStream<Uint8Array>;
    return app.connect(ndJsonStream(input, output, { maxMessageBytes: MAX_MESSAGE_BYTES }));
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    let lineLength = 0;
    for await (const chunk of this.child.stdout as AsyncIterable<Buffer>) {
      await this.#held;
      const [firstEnd, lastEnd] = [chunk.indexOf(NEWLINE), chunk.lastIndexOf(NEWLINE)];
      lineLength += firstEnd === -1 ? chunk.length : firstEnd;
      if (lineLength > MAX_MESSAGE_BYTES) {
        this.#fault = TOO_LONG;
        this.kill();
        return;
      }
      if (lastEnd !== -1) lineLength = chunk.length - lastEnd - 1;
      yield chunk;
    }
  }

  async #answered<T>(method: string, answer: Promise<T>, timeoutMs?: number): Promise<T> {
    const giveUp = new AbortController();
    const late =
      timeoutMs === undefined
        ? new Promise<never>(() => {})
        : delay(timeoutMs, undefined, { signal: giveUp.signal }).then(() => {
            throw new AgentGone(`the agent did not answer ${method} within ${timeoutMs} ms`);
          });
    late.catch(() => {});
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      if (error instanceof RequestError || error instanceof AgentGone) throw error;
      throw new AgentGone(await this.#whyGone(error as Error));
    } finally {
      giveUp.abort();
    }
  }

  /** The connection is closed: the program ends, or is made to. */
  async #whyGone({ message }: Error): Promise<string> {
    const why = await Promise.race([this.exited, delay(CLOSED_MS, undefined, { ref: false })]);
    if (why !== undefined) return why;
    this.kill();
    return `the connection to the agent broke off: ${message}`;
  }

  async #watch(): Promise<string> {
    const { child } = this;
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const how = await new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`the agent could not be started: ${error.message}`));
      child.once('exit', (code, signal) =>
        resolve(signal ? `the agent was ended by ${signal}` : `the agent ended with ${code}`),
      );
    });
    await this.#drain(closed);
    const why = this.#fault ?? how;
    this.#hasExited = true;
    child.stdout?.destroy();
    child.stderr?.destroy();
    this.#connection.close();
    await inTurn();
    this.events.onExit(why);
    return why;
  }

  /** What it said last is still in the pipe; but something it left behind may hold the pipe open. */
  async #drain(closed: Promise<void>): Promise<void> {
    let isRead = false;
    void Promise.all([closed, this.#connection.closed]).then(() => (isRead = true));
    for (let waitedMs = 0; !isRead && !this.#isAbandoned && waitedMs < LAST_WORDS_MS;) {
      await delay(TICK_MS);
      if (!this.#held) waitedMs += TICK_MS;
    }
  }
}
