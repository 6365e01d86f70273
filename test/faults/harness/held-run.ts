import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, Loose } from '../../support/api.js';
import type { RecordedApi } from './recorded-api.js';
import type { Round } from './round.js';
import { LEASE_MS } from './settings.js';
import { stoodStillMs } from './stood-still.js';
import { RUN } from './system.js';

/** What became of a renewal or of an event that was not taken. */
interface NotTaken {
  readonly what: 'renewal' | 'event';
  /** 0 where no answer came. */
  readonly status: number;
  readonly failureKind?: string;
  /** Without the time in which the machine stood still. */
  readonly tookMs: number;
  readonly stoodStillMs: number;
}

/** A machine that stands still for so long is no sign of a part that is away. */
const STOOD_STILL_MS = 1_000;

/** A run that a runner of the suite's own holds: it renews and tells events all the time, as one that works does, and repeats what was not answered. */
export class HeldRun {
  /** What was refused for good. */
  readonly refusals: NotTaken[] = [];
  /** What was to be said again: 503, or no answer. */
  readonly putOff: NotTaken[] = [];
  /** Of all that was taken. */
  slowestTakenMs = 0;
  readonly #texts: string[] = [];
  #isEnding = false;
  #isOver = false;
  #working: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly api: RecordedApi,
    readonly run: Loose,
  ) {}

  static async begin(round: Round, name: string, leaseMs = LEASE_MS): Promise<HeldRun> {
    const api = round.api.named(name);
    const { id } = await api.ok('POST', '/api/v1/runs', { ...RUN, idempotencyKey: round.name(name) });
    const claim = { runnerId: round.name(name), leaseMs };
    const run = await api.ok('POST', `/api/v1/runs/${id}/claim`, claim);
    const held = new HeldRun(api.as(run.runnerToken), run);
    round.acknowledged.push({ runId: id, texts: held.#texts });
    held.#working = Promise.all([held.#renew(claim), held.#append()]);
    return held;
  }

  /** But what a server that stood still itself could not take in time, and said so. */
  get putOffWhileAwake(): NotTaken[] {
    return this.putOff.filter((not) => not.status !== 503 || not.stoodStillMs < STOOD_STILL_MS);
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
      await this.#isTaken('renewal', async () => this.api.request('PATCH', `/api/v1/runs/${this.run.id}/lease`, claim));
      await delay(LEASE_MS / 6);
    }
  }

  async #append(): Promise<void> {
    const path = `/api/v1/runs/${this.run.id}/events`;
    for (let number = 1; !this.#isOver; number += 1) {
      const text = `told-${number}`;
      const event = { type: 'assistant_message', payload: { text }, clientSeq: number };
      while (!this.#isOver) {
        if (await this.#isTaken('event', async () => this.api.request('POST', path, { events: [event] }))) {
          this.#texts.push(text);
          break;
        }
        await delay(100);
      }
      await delay(150);
    }
  }

  async #isTaken(what: NotTaken['what'], ask: () => Promise<Answer>): Promise<boolean> {
    const askedAtMs = Date.now();
    const answer = await ask().catch(() => undefined);
    const stillMs = stoodStillMs(askedAtMs);
    const tookMs = Date.now() - askedAtMs - stillMs;
    const { status = 0, body } = answer ?? {};
    if (status === 200) this.slowestTakenMs = Math.max(this.slowestTakenMs, tookMs);
    else if (!this.#isEnding)
      this.#note({ what, status, failureKind: body?.failureKind, tookMs, stoodStillMs: stillMs });
    return status === 200;
  }

  #note(not: NotTaken): void {
    (not.status === 0 || not.status === 503 ? this.putOff : this.refusals).push(not);
  }
}
