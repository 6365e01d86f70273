import { cpuMsOf } from './process-figures.js';
import { mean, median, quantile } from './statistics.js';

/** How much is measured. */
export interface Effort {
  readonly quick: boolean;
  /** How often every contender has its turn. */
  readonly rounds: number;
  /** How long a turn of a fast operation lasts. */
  readonly sliceMs: number;
  /** A comparison that took so long begins no further round: a slow machine gets fewer. */
  readonly budgetMs: number;
  /** Turns of everybody before the first that counts. */
  readonly warmUps: number;
}

/** Milliseconds of each operation of one turn, by what was timed. */
export type Turn = Readonly<Record<string, readonly number[]>>;

/** One of those that are compared: plays a turn, and says how long its operations took. */
export type Contender = () => Promise<Turn>;

export interface Ratio {
  readonly floor: string;
  /** Median over the rounds of this series' p50 by the floor's p50 of the same round. */
  readonly median: number;
  /** First and third quartile of the rounds: how far the median can be trusted. */
  readonly low: number;
  readonly high: number;
}

export interface Series {
  readonly name: string;
  readonly operations: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
  /** Processor time of one operation, by who spent it; absent where it was not asked for. */
  readonly cpuMs?: Readonly<Record<string, number>>;
  readonly ratios: readonly Ratio[];
}

/** Processes whose processor time is told, by the name of the column. */
export type Spenders = Readonly<Record<string, readonly number[]>>;

/** What was compared with each other in alternating turns. */
export interface Comparison {
  readonly title: string;
  readonly rounds: number;
  readonly series: readonly Series[];
}

export interface ComparisonOptions {
  readonly title: string;
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly budgetMs: number;
  /** Names of the series that the others are divided by. */
  readonly floors: readonly string[];
  /** How many operations were under way at a time. */
  readonly workers?: number;
  /** Operations a second, where a clock begins them and not the answer to the last one. */
  readonly paced?: number;
  readonly spenders?: Spenders;
  /** Turns of everybody before the first that counts. */
  readonly warmUps: number;
}

/**
 * Lets the contenders take turns, forwards and backwards (A B, B A, A B …), so that a machine that slows down for a while
 * slows all of them, and divides within each round only.
 */
export async function compare(options: ComparisonOptions): Promise<Comparison> {
  const { contenders, rounds, warmUps } = options;
  const endsAt = performance.now() + options.budgetMs;
  for (let i = 0; i < warmUps; i += 1) for (const contender of contenders) await contender();
  const played: Turn[] = [];
  const bill = new Bill(options.spenders ?? {});
  for (let round = 0; round < rounds && (round === 0 || performance.now() < endsAt); round += 1) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    const turns: Turn[] = [];
    for (const contender of order) turns.push(await bill.of(contender));
    played.push(Object.assign({}, ...turns));
  }
  return { title: options.title, rounds: played.length, series: seriesOf(played, options, bill) };
}

/** Who spent how much processor time on one operation, while it was whose turn. */
class Bill {
  readonly #turns = new Map<string, Record<string, number>[]>();

  constructor(private readonly spenders: Spenders) {}

  async of(contender: Contender): Promise<Turn> {
    const before = this.#read();
    const turn = await contender();
    const after = this.#read();
    // Of several series of one turn the first has it all.
    const [[name, times] = ['', []]] = Object.entries(turn);
    const each = Object.keys(before).map((who) => [who, ((after[who] ?? 0) - (before[who] ?? 0)) / times.length]);
    this.#turns.set(name, [...(this.#turns.get(name) ?? []), Object.fromEntries(each)]);
    return turn;
  }

  /** The median of the rounds: what a process spent that ended just then may be missing in one. */
  each(name: string): Record<string, number> | undefined {
    const turns = this.#turns.get(name) ?? [];
    const who = Object.keys(this.spenders);
    if (turns.length === 0 || who.length === 0) return undefined;
    return Object.fromEntries(who.map((one) => [one, median(turns.map((turn) => turn[one] ?? NaN))]));
  }

  #read(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.spenders).map(([who, pids]) => [who, cpuMsOf(pids)]));
  }
}

function seriesOf(played: readonly Turn[], { floors, workers = 1, paced }: ComparisonOptions, bill: Bill): Series[] {
  // In the order of the first round, which is the one of the contenders.
  return Object.keys(played[0] ?? {}).map((name) => {
    const all = played.flatMap((turn) => turn[name] ?? []);
    const ratios = floors.filter((floor) => floor !== name).map((floor) => ratioOf(played, name, floor));
    return {
      name,
      operations: all.length,
      p50Ms: quantile(all, 0.5),
      p99Ms: quantile(all, 0.99),
      perSecond: paced ?? (workers * 1_000) / mean(all),
      cpuMs: bill.each(name),
      // One floor divided by another says nothing of ours, except what the second adds to the first.
      ratios: floors.includes(name)
        ? ratios.filter(({ floor }) => floors.indexOf(floor) < floors.indexOf(name))
        : ratios,
    };
  });
}

function ratioOf(played: readonly Turn[], name: string, floor: string): Ratio {
  const ratios = played.map((turn) => median(turn[name] ?? []) / median(turn[floor] ?? []));
  return { floor, median: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) };
}

/** Workers that each begin the next operation when the last one is answered, for `sliceMs`. */
export function loop(name: string, options: { workers: number; sliceMs: number }, operation: Operation): Contender {
  return async () => {
    const times: number[] = [];
    const endsAt = performance.now() + options.sliceMs;
    const work = async (worker: number) => {
      do times.push(await timed(() => operation(worker)));
      while (performance.now() < endsAt);
    };
    await atOnce(options.workers, work);
    return { [name]: times };
  };
}

export type Operation = (worker: number) => Promise<unknown>;

/** The same operation `count` times, one after another; by each of some workers at once. */
export function repeat(name: string, count: number, operation: Operation, workers = 1): Contender {
  return async () => {
    const times: number[] = [];
    await atOnce(workers, async (worker) => {
      for (let i = 0; i < count; i += 1) times.push(await timed(() => operation(worker)));
    });
    return { [name]: times };
  };
}

/** Times the steps of a longer story: `step(name, work)` answers what `work` does. Each of some workers tells it, at once. */
export function story(count: number, tell: (step: Step) => Promise<void>, workers = 1): Contender {
  return async () => {
    const times: Record<string, number[]> = {};
    const step: Step = async (name, work) => {
      const startedAt = performance.now();
      const result = await work();
      (times[name] ??= []).push(performance.now() - startedAt);
      return result;
    };
    await atOnce(workers, async () => {
      for (let i = 0; i < count; i += 1) await tell(step);
    });
    return times;
  };
}

async function atOnce(workers: number, work: (worker: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
}

export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
