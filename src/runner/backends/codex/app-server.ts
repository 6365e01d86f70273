import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { signalGroup } from '../../../processes/process-tree.js';
import { cut } from '../../text.js';
import { LineSplitter } from './line-splitter.js';
import type { Notification, RpcError, ServerRequest } from './protocol.js';

/** An answer that is an error, of codex's own words. */
export class AppServerError extends Error {
  override readonly name = 'AppServerError';
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** The program is gone, or did not answer in time. */
class AppServerGone extends Error {
  override readonly name = 'AppServerGone';
}

export type ServerAnswer = { readonly result: unknown } | { readonly error: RpcError };

export interface AppServerEvents {
  onNotification(notification: Notification): void;
  /** Its answer is sent. */
  onRequest(request: ServerRequest): ServerAnswer;
  /** Once: the program has ended, with words on how. Everything it said before is told before. */
  onExit(reason: string): void;
  /** What it sent and nobody understands. */
  onGarbage(line: string): void;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: RpcError;
}

/** Far above the largest answer seen (a tool's output of 1 MiB, escaped). */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const STDERR_LENGTH = 8_000;
/** JSON-RPC's. */
const INTERNAL_ERROR = -32603;
const LAST_WORDS = { quietRounds: 3, rounds: 50, roundMs: 10 };
/** Said at each start from a folder below the system's temporary one. */
const KNOWN_WARNING = /could not create PATH aliases/;
const STYLE = new RegExp(String.raw`\u001b\[[0-9;]*m`, 'g');

/** Talks with a `codex app-server` over its standard streams: one JSON message a line, in both directions. */
export class AppServer {
  #nextId = 1;
  #said = '';
  #paused = false;
  #chunks = 0;
  #hasExited = false;
  readonly #pending = new Map<number | string, Pending>();
  /** Resolves when the program has ended. */
  readonly exited: Promise<void>;

  constructor(
    private readonly child: ChildProcess,
    private readonly events: AppServerEvents,
  ) {
    const splitter = new LineSplitter(
      MAX_LINE_BYTES,
      (line) => this.#takeSafely(line),
      () => events.onGarbage(`a line of more than ${MAX_LINE_BYTES} bytes`),
    );
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#chunks += 1;
      splitter.push(chunk);
    });
    child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.#said = (this.#said + text).slice(-STDERR_LENGTH)));
    // That it is gone is told by its exit.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', () => {});
    this.exited = this.#watch();
  }

  get isAlive(): boolean {
    return !this.#hasExited && this.child.exitCode === null && this.child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** @throws AppServerError when codex refuses, AppServerGone when it ends or does not answer within `timeoutMs`. */
  async request<T>(method: string, params: unknown, timeoutMs = 60_000): Promise<T> {
    if (this.#hasExited) throw new AppServerGone('codex is not running');
    const id = this.#nextId++;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      const late = () => {
        // The answer may lie in the pipe, which nobody reads now.
        if (this.#paused) timer = setTimeout(late, timeoutMs);
        else reject(new AppServerGone(`codex did not answer ${method} within ${timeoutMs} ms`));
      };
      timer = setTimeout(late, timeoutMs);
      this.#send({ id, method, params });
    });
    return (answer as Promise<T>).finally(() => {
      clearTimeout(timer);
      this.#pending.delete(id);
    });
  }

  notify(method: string): void {
    this.#send({ method });
  }

  /** Reads nothing more until `resume`: the program waits when its pipe is full. */
  pause(): void {
    this.#paused = true;
    this.child.stdout?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.child.stdout?.resume();
  }

  /** Asks it to end, by closing its input: it ends its commands first. */
  end(): void {
    this.child.stdin?.end();
  }

  kill(): void {
    if (this.child.pid !== undefined && this.isAlive) signalGroup(this.child.pid, 'SIGKILL');
  }

  /** The end of what it printed on stderr, of at most `lines` lines. */
  lastWords(lines: number): string {
    const said = this.#said.replace(STYLE, '').trim().split('\n');
    const news = said.filter((line) => !KNOWN_WARNING.test(line));
    return cut(news.slice(-lines).join('\n'), 2_000);
  }

  async #watch(): Promise<void> {
    const { child } = this;
    const how = await new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`codex could not be started: ${error.message}`));
      child.once('exit', (code, signal) =>
        resolve(signal ? `codex was ended by ${signal}` : `codex ended with ${code}`),
      );
    });
    await this.#lastWordsRead();
    this.#hasExited = true;
    child.stdout?.destroy();
    child.stderr?.destroy();
    this.events.onExit(how);
    for (const { reject } of this.#pending.values()) reject(new AppServerGone(how));
  }

  /**
   * What it said last is still in the pipe, and something that it left behind may hold the pipe open: so until it is closed,
   * or nothing came for a few rounds.
   */
  async #lastWordsRead(): Promise<void> {
    const { quietRounds, rounds, roundMs } = LAST_WORDS;
    let [quiet, seen] = [0, this.#chunks];
    const { stdout } = this.child;
    for (let round = 0; !stdout?.readableEnded && quiet < quietRounds && round < rounds && !this.#paused; round += 1) {
      await delay(roundMs);
      quiet = this.#chunks === seen ? quiet + 1 : 0;
      seen = this.#chunks;
    }
  }

  /** A message of another shape than ours must not end the runner. */
  #takeSafely(line: string): void {
    try {
      this.#take(line);
    } catch {
      this.events.onGarbage(line);
    }
  }

  #take(line: string): void {
    if (line.trim() === '') return;
    const message = parse(line);
    if (message?.method !== undefined) return this.#takeCall({ ...message, method: message.method });
    const waiting = message?.id === undefined ? undefined : this.#pending.get(message.id);
    if (!message || !waiting) return this.events.onGarbage(line);
    const { error } = message;
    if (error) waiting.reject(new AppServerError(error.code, error.message));
    else waiting.resolve(message.result);
  }

  #takeCall({ id, method, params }: Message & { method: string }): void {
    const call = { method, params: (params ?? {}) as Readonly<Record<string, unknown>> };
    if (id === undefined) this.events.onNotification(call);
    else this.#send({ id, ...this.#answerTo({ ...call, id }) });
  }

  /** One of another shape is answered, too: codex waits for it without limit. */
  #answerTo(request: ServerRequest): ServerAnswer {
    try {
      return this.events.onRequest(request);
    } catch (error) {
      const message = `${request.method} was not understood: ${(error as Error).message}`;
      return { error: { code: INTERNAL_ERROR, message } };
    }
  }

  #send(message: Message): void {
    if (this.child.stdin?.writable) this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }
}

function parse(line: string): Message | undefined {
  try {
    const message = JSON.parse(line) as unknown;
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}
