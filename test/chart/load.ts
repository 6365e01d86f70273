import { setTimeout as delay } from 'node:timers/promises';
import type { Api, Loose } from '../support/api.js';
import { EventReader } from '../support/event-reader.js';

const ASK_EVERY_MS = 150;

/** What goes on while parts of a manager are replaced: runs that print, somebody who reads each, and callers who ask and send without a pause. */
export class Load {
  readonly runs: { readonly id: string; readonly reader: EventReader }[] = [];
  readonly tasks: string[] = [];
  /** Requests that were not answered as they should be. */
  readonly failures: string[] = [];
  /** How many were answered by an honest `try again`, and were asked again, as clients do it. */
  repeated = 0;
  /** However often each was asked again. */
  asked = 0;
  #isOver = false;
  #working: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly api: Api,
    private readonly token: string,
    private readonly run: Loose,
  ) {}

  /** A run that prints a line a second, so many. */
  async startRun(lines: number): Promise<void> {
    const run = await this.api.createRun({ endsWithTurn: true });
    await this.api.addTurn(run.id, `for i in $(seq ${lines}); do echo line $i; sleep 1; done`);
    await this.api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    const reader = new EventReader(`${this.api.url}/api/v1/runs/${run.id}/events/stream`, this.token);
    this.runs.push({ id: run.id, reader });
  }

  /** Until `stop`: a caller who asks, one who makes runs, and one who dispatches a task now and then. */
  start(): void {
    this.#working = Promise.all([
      this.#repeat(ASK_EVERY_MS, async () => this.#ask('GET', '/api/v1/runs')),
      this.#repeat(1_000, async () => this.#ask('POST', '/api/v1/runs', this.run)),
      this.#repeat(6_000, async () => {
        const body = { ...this.run, payload: { prompt: 'echo done' }, autoDispatch: true };
        const task = await this.#ask('POST', '/api/v1/queue/tasks', body);
        if (task !== undefined) this.tasks.push(task.id);
      }),
    ]);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#working;
  }

  /** Also where a test failed before the runs had ended. */
  async close(): Promise<void> {
    await this.stop();
    await Promise.all(this.runs.map(async ({ reader }) => reader.close()));
  }

  async #repeat(everyMs: number, work: () => Promise<unknown>): Promise<void> {
    while (!this.#isOver) {
      await work();
      await delay(everyMs);
    }
  }

  async #ask(method: string, path: string, body?: unknown, isAgain = false): Promise<Loose> {
    if (!isAgain) this.asked += 1;
    const answer = await this.api.request(method, path, body).catch((error: unknown) => {
      const { message, cause } = error as Error;
      this.failures.push(`${method} ${path}: ${message} ${String(cause)}`);
      return undefined;
    });
    if (answer?.status === 200) return answer.body.data;
    if (answer?.status === 503) {
      this.repeated += 1;
      await delay(ASK_EVERY_MS);
      return this.#ask(method, path, body, true);
    }
    if (answer !== undefined) this.failures.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return undefined;
  }
}
