import { setTimeout as delay } from 'node:timers/promises';
import type { NewEvent } from '../../src/ports/event-store.js';
import { eventually } from '../../test/support/eventually.js';
import { httpSpenders, type Bed } from '../bed.js';
import { compare, type Comparison, type Contender, type Effort } from '../rounds.js';
import { SseTail } from '../sse-tail.js';
import { events } from './append.js';

const RUNS = 10;
const TAILS_A_RUN = 4;
/** A runner's outbox waits so long for company before it sends. */
const APPEND_EACH_MS = 50;
const FLOOR = 'node:http + NOTIFY + select';

/** From an append's request until the event is at a client that follows by SSE: several runs, each followed by several clients. */
export async function tailCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const runIds = (await bed.heldRuns(RUNS)).map(({ id }) => id);
  const floor = await Followed.open(FLOOR, runIds, {
    append: (runId, batch) => bed.bareHttp.send('POST', '/tails', { runId, events: batch }),
    tail: (runId, onEvent) => SseTail.open(`${bed.bareHttp.url}/tails/${runId}`, undefined, onEvent),
  });
  const ours = await Followed.open('append → SSE', runIds, await ofProduct(bed));
  const done: Comparison[] = [];
  try {
    for (const rate of effort.quick ? [300] : [100, 300, 1_000])
      done.push(await tailCase(bed, [floor, ours], rate, effort));
    return done;
  } finally {
    floor.close();
    ours.close();
  }
}

async function tailCase(
  bed: Bed,
  followed: readonly Followed[],
  perSecond: number,
  effort: Effort,
): Promise<Comparison> {
  return compare({
    title: `append → SSE client · ${perSecond} events a second · ${RUNS} runs, ${RUNS * TAILS_A_RUN} clients`,
    rounds: effort.quick ? 2 : 3,
    budgetMs: effort.budgetMs,
    warmUps: 1,
    paced: perSecond * TAILS_A_RUN,
    floors: [FLOOR],
    spenders: httpSpenders(bed),
    contenders: followed.map((one) => one.contender(perSecond, TURN_MS)),
  });
}

const TURN_MS = 1_000;

interface Ways {
  append(runId: string, batch: NewEvent[]): Promise<unknown>;
  tail(runId: string, onEvent: (sentAt: number) => void): Promise<SseTail>;
}

async function ofProduct(bed: Bed): Promise<Ways> {
  const held = new Map((await bed.heldRuns(RUNS)).map((run) => [run.id, run]));
  const append = async (id: string, batch: NewEvent[]) =>
    held.get(id)!.runner.send('POST', `/api/v1/runs/${id}/events`, { events: batch });
  return {
    append,
    async tail(id, onEvent) {
      const [{ seq } = { seq: 0 }] = (await append(id, events(1))).items;
      const { url, token } = bed.api;
      return SseTail.open(`${url}/api/v1/runs/${id}/events/stream?afterSeq=${seq}`, token, onEvent);
    },
  };
}

/** Runs with their followers, which stay from round to round. */
class Followed {
  #tails: SseTail[] = [];
  #times: number[] = [];

  private constructor(
    private readonly name: string,
    private readonly runIds: readonly string[],
    private readonly ways: Ways,
  ) {}

  static async open(name: string, runIds: readonly string[], ways: Ways): Promise<Followed> {
    const followed = new Followed(name, runIds, ways);
    const onEvent = (sentAt: number) => void followed.#times.push(performance.now() - sentAt);
    for (const id of runIds) {
      for (let i = 0; i < TAILS_A_RUN; i += 1) followed.#tails.push(await ways.tail(id, onEvent));
    }
    return followed;
  }

  contender(perSecond: number, turnMs: number): Contender {
    return async () => {
      this.#times = [];
      const sent = await Promise.all(this.runIds.map((id, index) => this.#write(id, index, { perSecond, turnMs })));
      const expected = TAILS_A_RUN * sent.reduce((sum, count) => sum + count, 0);
      await eventually(`${expected} events at the clients`, async () => this.#times.length === expected || undefined);
      return { [this.name]: this.#times };
    };
  }

  close(): void {
    for (const tail of this.#tails) tail.close();
  }

  /**
   * As a runner writes: one request at a time. An event that had to wait for the one before is as old as its time, so that a
   * server which falls behind is seen to.
   */
  async #write(
    id: string,
    index: number,
    { perSecond, turnMs }: { perSecond: number; turnMs: number },
  ): Promise<number> {
    const batch = Math.max(1, Math.round((perSecond / RUNS) * (APPEND_EACH_MS / 1_000)));
    const eachMs = (1_000 * batch * RUNS) / perSecond;
    const startedAt = performance.now() + (index * eachMs) / RUNS;
    const appends = Math.round(turnMs / eachMs);
    for (let i = 0; i < appends; i += 1) {
      const dueAt = startedAt + i * eachMs;
      const waitMs = dueAt - performance.now();
      if (waitMs > 0) await delay(waitMs);
      await this.ways.append(id, stamped(batch, waitMs > 0 ? performance.now() : dueAt));
    }
    return appends * batch;
  }
}

function stamped(count: number, sentAt: number): NewEvent[] {
  return events(count).map((event) => ({ ...event, payload: { ...event.payload, sentAt } }));
}
