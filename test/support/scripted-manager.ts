import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CommandRecord } from '../../src/contract/command.js';
import type { EventRecord } from '../../src/contract/event.js';
import type { RunRecord } from '../../src/contract/run.js';
import { newId } from '../../src/domain/new-id.js';

/**
 * A small manager of one run for tests of the runner's loop: real HTTP on loopback, the contract's runner half in
 * memory, and faults on demand. It has no rules of its own beyond what the runner depends on; the real manager is
 * tested elsewhere.
 */

/** `lose`: the request is carried out and its answer lost. */
export type Fault = 'none' | 'drop' | 'error' | 'hang' | 'lose';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly failureKind: string,
    message: string,
  ) {
    super(message);
  }
}

const OVER = ['completed', 'failed', 'blocked', 'cancelled'];

export class ScriptedManager {
  readonly runId = newId('run');
  readonly run: RunRecord;
  readonly commands: CommandRecord[] = [];
  readonly events: EventRecord[] = [];
  readonly renewedAt: number[] = [];
  readonly requests: Request[] = [];
  cancelCommandIds: string[] = [];
  /** Happens to each request that `faultFor` names. */
  fault: Fault = 'none';
  faultFor: (request: Request) => boolean = () => true;
  /** Each append's answer is held back this long. */
  appendDelayMs = 0;
  /** Events of which this is true are refused with 400. */
  refusesEvent: (payload: Record<string, unknown>) => boolean = () => false;
  /** As a task's run: ended with its turn. */
  endsWithTurn = false;
  /** For masses of output: keeps its length instead of the output. */
  countsOutput = false;
  outputBytes = 0;
  attemptIsOver = false;
  /** How the claim says that the agent is driven. */
  backendKind = 'exec';
  readonly #clientSeqs = new Map<string, number>();
  #server: Server | null = null;
  #port = 0;
  #changed: (() => void)[] = [];

  private constructor(overrides: Partial<RunRecord>) {
    const now = new Date().toISOString();
    this.run = {
      id: this.runId,
      status: 'pending',
      terminalStatus: null,
      failureKind: null,
      failureMessage: null,
      tenantId: 'tenant',
      projectId: 'project',
      providerId: null,
      backendProfile: 'exec',
      sessionRef: null,
      workspaceRef: { kind: 'none' },
      executionPolicy: {
        sandbox: 'workspace-write',
        approval: 'never',
        network: true,
        timeoutMs: 60_000,
        idleTimeoutMs: 60_000,
      },
      retryPolicy: { maxAttempts: 3, backoffMs: 100, maxBackoffMs: 100 },
      metadata: {},
      claimedBy: null,
      leaseExpiresAt: null,
      attempt: 1,
      threadId: null,
      cancelRequestedAt: null,
      cancelReason: null,
      lastCommandSeq: 0,
      workflowId: `run:${this.runId}`,
      traceId: newId('trc'),
      createdAt: now,
      updatedAt: now,
      finishedAt: null,
      valuesPrinted: false,
      ...overrides,
    };
  }

  static async start(overrides: Partial<RunRecord> = {}): Promise<ScriptedManager> {
    const manager = new ScriptedManager(overrides);
    await manager.listen();
    return manager;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
  }

  /**
   * As a manager that is killed: open connections break, later ones are refused. `listen` starts it again where it was.
   */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    this.#touch();
  }

  add(type: CommandRecord['type'], prompt = '', more: Partial<CommandRecord> = {}): CommandRecord {
    const now = new Date().toISOString();
    const command: CommandRecord = {
      id: newId('cmd'),
      runId: this.runId,
      seq: ++this.run.lastCommandSeq,
      type,
      state: 'pending',
      payload: type === 'interrupt' ? {} : { prompt },
      terminalStatus: null,
      failureKind: null,
      failureMessage: null,
      threadId: null,
      turnId: null,
      attempt: null,
      supersededBy: null,
      cancelRequestedAt: null,
      createdAt: now,
      updatedAt: now,
      acknowledgedAt: null,
      finishedAt: null,
      ...more,
    };
    this.commands.push(command);
    this.#touch();
    return command;
  }

  cancelRun(): void {
    this.run.cancelRequestedAt = new Date().toISOString();
    this.#touch();
  }

  cancelCommand(id: string): void {
    this.cancelCommandIds.push(id);
    this.#touch();
  }

  /** What the agent printed for a command, in the order of the log. */
  output(commandId: string, stream?: 'stdout' | 'stderr'): string {
    const of = this.events.filter(
      (event) => event.type === 'command_output' && event.payload['commandId'] === commandId,
    );
    return of
      .filter((event) => stream === undefined || event.payload['stream'] === stream)
      .map((event) => event.payload['text'])
      .join('');
  }

  phases(): string[] {
    return this.events
      .filter((event) => event.type === 'backend_status')
      .map((event) => String(event.payload['phase']));
  }

  /** Resolves when the condition holds; looks after every request and every few milliseconds. */
  async until(condition: () => boolean, what = String(condition), timeoutMs = 45_000): Promise<void> {
    const giveUpAt = Date.now() + timeoutMs;
    while (!condition()) {
      if (Date.now() > giveUpAt)
        throw new Error(`not within ${timeoutMs} ms: ${what}\n${JSON.stringify(this.phases())}`);
      await this.#change(20);
    }
  }

  ended(command: CommandRecord, timeoutMs?: number): Promise<void> {
    return this.until(() => command.terminalStatus !== null, `${command.type} ${command.seq} ends`, timeoutMs);
  }

  #touch(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const wake of waiting) wake();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#changed.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const url = new URL(message.url ?? '/', this.url);
    const text = Buffer.concat(chunks).toString();
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    const request = { method: message.method ?? 'GET', path: url.pathname, query: url.searchParams, body };
    this.requests.push(request);
    const fault = this.faultFor(request) ? this.fault : 'none';
    if (fault !== 'none' && fault !== 'lose') {
      this.#fail(response);
      return;
    }
    if (fault === 'lose') response.destroy();
    try {
      const data = await this.#answer(request);
      this.#send(response, 200, { ok: true, data, traceId: 'trc_test' });
    } catch (error) {
      const { status, failureKind } = error instanceof Refusal ? error : { status: 500, failureKind: 'infra-failed' };
      const facts = { failureKind, message: (error as Error).message };
      this.#send(response, status, {
        ok: false,
        ...facts,
        traceId: 'trc_test',
        error: { name: 'x', ...facts, details: {} },
      });
    }
    this.#touch();
  }

  #fail(response: ServerResponse): void {
    if (this.fault === 'drop') response.destroy();
    if (this.fault === 'error') {
      const facts = { failureKind: 'infra-failed', message: 'down' };
      this.#send(response, 503, {
        ok: false,
        ...facts,
        traceId: 'trc_test',
        error: { name: 'x', ...facts, details: {} },
      });
    }
  }

  #send(response: ServerResponse, status: number, body: unknown): void {
    if (response.destroyed) return;
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(body));
  }

  #answer(request: Request): unknown {
    const [what, id, part] = request.path.split('/').slice(3);
    if (what === 'runners') return { id: request.body['runnerId'] };
    if (what === 'commands') return this.#command(id ?? '', part ?? '', request.body);
    if (id !== this.runId) throw new Refusal(404, 'schema-invalid', 'no such run');
    if (!part) return this.run;
    if (part === 'claim') return this.#claim(request.body);
    this.#fence();
    if (part === 'lease') return this.#renew(request.body);
    if (part === 'commands') return this.#listCommands(request.query);
    if (part === 'events') return this.#append(request.body);
    return this.#finishRun(request.body);
  }

  #fence(): void {
    if (this.attemptIsOver) throw new Refusal(409, 'lease-lost', 'the lease is not held');
  }

  #claim(body: Record<string, unknown>): unknown {
    if (this.attemptIsOver) throw new Refusal(409, 'lease-conflict', 'held by another');
    this.run.status = 'claimed';
    this.run.claimedBy = String(body['runnerId']);
    return {
      ...this.run,
      runnerToken: 'token-of-the-attempt',
      backendKind: this.backendKind,
      cancelCommandIds: this.cancelCommandIds,
    };
  }

  #renew(body: Record<string, unknown>): unknown {
    this.renewedAt.push(performance.now());
    this.run.leaseExpiresAt = new Date(Date.now() + Number(body['leaseMs'])).toISOString();
    return { ...this.run, cancelCommandIds: this.cancelCommandIds };
  }

  async #listCommands(query: URLSearchParams): Promise<unknown> {
    const giveUpAt = Date.now() + Number(query.get('waitMs'));
    const list = () =>
      this.commands
        .filter(
          (c) => c.seq > Number(query.get('afterSeq')) && !(query.get('state') === 'open' && OVER.includes(c.state)),
        )
        .map((c) => ({ ...c }));
    const mark = () => [this.run.cancelRequestedAt ?? '', ...this.cancelCommandIds].join();
    const isMarked = () => mark() !== query.get('knownCancelMark') || this.#isOver;
    while (list().length === 0 && !isMarked() && Date.now() < giveUpAt && this.#server) {
      await this.#change(Math.min(100, giveUpAt - Date.now()));
    }
    const { cancelRequestedAt } = this.run;
    const marks = { cancelRequestedAt, cancelCommandIds: this.cancelCommandIds, cancelMark: mark() };
    return { items: list(), ...marks, runStatus: this.run.status };
  }

  async #append(body: Record<string, unknown>): Promise<unknown> {
    if (this.appendDelayMs > 0) await this.#change(this.appendDelayMs);
    if (this.#isOver) throw new Refusal(409, 'schema-invalid', 'the run has ended');
    const inputs = body['events'] as {
      type: EventRecord['type'];
      payload: Record<string, unknown>;
      clientSeq: number;
    }[];
    if (inputs.some((input) => this.refusesEvent(input.payload)))
      throw new Refusal(400, 'schema-invalid', 'not this one');
    return { items: inputs.map((input) => this.#appendOne(input, String(body['attempt']))) };
  }

  #appendOne(
    input: { type: EventRecord['type']; payload: Record<string, unknown>; clientSeq: number },
    producer: string,
  ): EventRecord {
    const key = `${producer}/${input.clientSeq}`;
    const known = this.events[(this.#clientSeqs.get(key) ?? 0) - 1];
    if (known) return known;
    const seq = this.events.length + 1;
    this.#clientSeqs.set(key, seq);
    const { type, payload } = input;
    if (this.countsOutput && type === 'command_output') {
      this.outputBytes += Buffer.byteLength(String(payload['text']));
      payload['text'] = '';
    }
    const event = { id: newId('evt'), runId: this.runId, seq, type, payload, createdAt: new Date().toISOString() };
    this.events.push(event);
    return event;
  }

  #command(id: string, part: string, body: Record<string, unknown>): CommandRecord {
    const command = this.commands.find((one) => one.id === id);
    if (!command) throw new Refusal(404, 'schema-invalid', 'no such command');
    this.#fence();
    if (command.terminalStatus !== null) return command;
    if (part === 'ack') return this.#acknowledge(command, body);
    const word = body['terminalStatus'] as CommandRecord['terminalStatus'];
    const { failureKind = null, failureMessage = null } = body as Partial<CommandRecord>;
    Object.assign(command, { state: word, terminalStatus: word, failureKind, failureMessage });
    Object.assign(command, { metadata: { tooLate: body['tooLate'] === true } });
    if (command.type === 'turn' && this.endsWithTurn) Object.assign(this.run, { status: word, terminalStatus: word });
    return command;
  }

  #acknowledge(command: CommandRecord, body: Record<string, unknown>): CommandRecord {
    const threadId = body['threadId'] as string;
    Object.assign(command, { state: 'acknowledged', acknowledgedAt: new Date().toISOString(), threadId });
    Object.assign(this.run, { status: 'running', threadId });
    return command;
  }

  #finishRun(body: Record<string, unknown>): RunRecord {
    if (this.#isOver) return this.run;
    const newest = body['lastCommandSeq'];
    if (typeof newest === 'number' && newest < this.run.lastCommandSeq)
      throw new Refusal(409, 'schema-invalid', 'newer');
    const word = body['terminalStatus'] as RunRecord['terminalStatus'];
    const { failureKind = null, failureMessage = null } = body as Partial<RunRecord>;
    return Object.assign(this.run, { status: word, terminalStatus: word, failureKind, failureMessage });
  }

  get #isOver(): boolean {
    return OVER.includes(this.run.status);
  }
}
