import { setTimeout as delay } from 'node:timers/promises';
import type { Loose } from '../../support/api.js';
import type { RecordedApi } from './recorded-api.js';
import type { Round } from './round.js';
import { LEASE_MS } from './settings.js';
import { RUN } from './system.js';

/** A run that a runner of the suite's own holds: it renews and tells events all the time, as one that works does, and repeats what was not answered. */
export class HeldRun {
  /** What the API said to renewals, each answer once. */
  readonly refusals: { readonly status: number; readonly failureKind: string }[] = [];
  readonly #texts: string[] = [];
  #isEnding = false;
  #isOver = false;
  #working: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly api: RecordedApi,
    readonly run: Loose,
  ) {}

  static async begin(round: Round, name: string): Promise<HeldRun> {
    const api = round.api.named(name);
    const { id } = await api.ok('POST', '/api/v1/runs', { ...RUN, idempotencyKey: round.name(name) });
    const claim = { runnerId: round.name(name), leaseMs: LEASE_MS };
    const run = await api.ok('POST', `/api/v1/runs/${id}/claim`, claim);
    const held = new HeldRun(api.as(run.runnerToken), run);
    round.acknowledged.push({ runId: id, texts: held.#texts });
    held.#working = Promise.all([held.#renew(claim), held.#append()]);
    return held;
  }

  get told(): number {
    return this.#texts.length;
  }

  /** Ends the run by its runner's word, which a renewal that is under way may come after. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.api.ok('PATCH', `/api/v1/runs/${this.run.id}/status`, { terminalStatus: 'completed' });
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#working;
  }

  async #renew(claim: object): Promise<void> {
    while (!this.#isOver) {
      const answer = await this.api.request('PATCH', `/api/v1/runs/${this.run.id}/lease`, claim).catch(() => undefined);
      const { status = 503, body } = answer ?? {};
      if (status !== 200 && status !== 503 && !this.#isEnding)
        this.refusals.push({ status, failureKind: body?.failureKind });
      await delay(LEASE_MS / 6);
    }
  }

  async #append(): Promise<void> {
    for (let number = 1; !this.#isOver; number += 1) {
      const text = `told-${number}`;
      const event = { type: 'assistant_message', payload: { text }, clientSeq: number };
      while (!this.#isOver) {
        const path = `/api/v1/runs/${this.run.id}/events`;
        const answer = await this.api.request('POST', path, { events: [event] }).catch(() => undefined);
        if (answer?.status === 200) this.#texts.push(text);
        if (answer?.status === 200) break;
        await delay(100);
      }
      await delay(150);
    }
  }
}
