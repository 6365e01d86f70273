import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Loose } from './api.js';
import { codexForTests } from './codex.js';

const ANSWER_MS = 45_000;
/** Time is looked at this often while nothing comes. */
const POLL_MS = 200;

/**
 * The real `codex app-server` as a child, spoken to line by line: for what the program itself does with a provider's answers.
 * The product's own client is tested elsewhere.
 */
export class AppServer {
  /** All that it told without being asked, in order. */
  readonly notifications: { method: string; params: Loose }[] = [];
  readonly #answers = new Map<number, { result?: Loose; error?: Loose }>();
  readonly #child: ChildProcess;
  readonly #readers: (() => void)[] = [];
  #asked = 0;
  #threadId = '';

  private constructor(
    readonly cwd: string,
    private readonly folder: string,
    codex: string,
    key: string,
  ) {
    const home = join(folder, 'home');
    const env = { PATH: process.env['PATH'], HOME: home, CODEX_HOME: home, PROVIDER_KEY: key };
    this.#child = spawn(codex, ['app-server'], { cwd, env, stdio: ['pipe', 'pipe', 'ignore'] });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const message = JSON.parse(line);
      if (message.method === undefined) this.#answers.set(message.id, message);
      else this.notifications.push(message);
      for (const tell of this.#readers.splice(0)) tell();
    });
  }

  /** With one retry of either kind, so that failures come soon, and a thread that may do anything in a folder of its own. */
  static async start(baseUrl: string, { key = 'a-key', model = 'mock-model', settings = '' } = {}): Promise<AppServer> {
    const codex = await codexForTests();
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'agentrun-app-server-')));
    const cwd = join(folder, 'work');
    for (const path of [cwd, join(folder, 'home')]) await mkdir(path);
    await writeFile(join(folder, 'home', 'config.toml'), configOf(baseUrl, model, settings));
    const server = new AppServer(cwd, folder, codex, key);
    await server.ask('initialize', { clientInfo: { name: 'test', title: 'test', version: '1' }, capabilities: {} });
    server.#send({ method: 'initialized' });
    const { thread } = await server.ask('thread/start', {
      cwd,
      approvalPolicy: 'never',
      sandbox: 'danger-full-access',
    });
    server.#threadId = thread.id;
    return server;
  }

  async ask(method: string, params: object): Promise<Loose> {
    const id = (this.#asked += 1);
    this.#send({ id, method, params });
    const { result, error } = await this.until(`an answer to ${method}`, () => this.#answers.get(id));
    if (error) throw new Error(JSON.stringify(error));
    return result;
  }

  async startTurn(text: string): Promise<string> {
    const input = [{ type: 'text', text, text_elements: [] }];
    const { turn } = await this.ask('turn/start', { threadId: this.#threadId, input });
    return turn.id;
  }

  /** Resolves with the turn as it ended. */
  async turn(text: string): Promise<Loose> {
    const id = await this.startTurn(text);
    const completed = () =>
      this.notifications.find(({ method, params }) => method === 'turn/completed' && params.turn.id === id);
    return (await this.until(`the end of the turn "${text}"`, completed)).params.turn;
  }

  async steer(turnId: string, clientId: string, text: string): Promise<void> {
    const input = [{ type: 'text', text, text_elements: [] }];
    const steer = { threadId: this.#threadId, clientUserMessageId: clientId, expectedTurnId: turnId, input };
    await this.ask('turn/steer', steer);
  }

  /** Resolves as soon as a message makes it true. */
  async until<T>(what: string, find: () => T | undefined, timeoutMs = ANSWER_MS): Promise<T> {
    for (const giveUpAt = Date.now() + timeoutMs; ;) {
      const found = find();
      if (found !== undefined) return found;
      if (Date.now() > giveUpAt) throw new Error(`not within ${timeoutMs} ms: ${what}`);
      const more = new Promise<void>((resolve) => this.#readers.push(resolve));
      await Promise.race([more, delay(POLL_MS)]);
    }
  }

  async interrupt(turnId: string): Promise<void> {
    await this.ask('turn/interrupt', { threadId: this.#threadId, turnId });
  }

  /** Items of this type that were completed. */
  completed(type: string): Loose[] {
    const ofType = this.notifications.filter(
      ({ method, params }) => method === 'item/completed' && params.item.type === type,
    );
    return ofType.map(({ params }) => params.item);
  }

  of(method: string): Loose[] {
    return this.notifications.filter((notification) => notification.method === method).map(({ params }) => params);
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await exited;
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  #send(message: object): void {
    this.#child.stdin!.write(`${JSON.stringify(message)}\n`);
  }
}

const configOf = (baseUrl: string, model: string, settings: string) => `
model = "${model}"
model_provider = "mock"
${settings}
[model_providers.mock]
name = "mock"
base_url = "${baseUrl}"
wire_api = "responses"
env_key = "PROVIDER_KEY"
requires_openai_auth = false
supports_websockets = false
request_max_retries = 1
stream_max_retries = 1
stream_idle_timeout_ms = 1000
[analytics]
enabled = false
`;
