import type { EventRecord } from '../../client/index.js';

/** What the events tell of tokens and money. Pure but for the events seen so far. */
export interface Usage {
  readonly totalTokens: number | null;
  readonly contextTokens: number | null;
  readonly contextWindow: number | null;
  readonly cost: { readonly amount: number; readonly currency: string } | null;
  /** Over the last minutes; null before there is something to compare. */
  readonly tokensPerMinute: number | null;
}

const BURN_WINDOW_MS = 10 * 60_000;

type Counts = Readonly<Record<string, unknown>>;

export class UsageMeter {
  #usage: Usage = { totalTokens: null, contextTokens: null, contextWindow: null, cost: null, tokensPerMinute: null };
  #samples: { atMs: number; total: number }[] = [];

  get usage(): Usage {
    return this.#usage;
  }

  append(events: readonly EventRecord[]): void {
    for (const event of events) if (event.type === 'token_usage') this.#take(event);
  }

  #take({ payload, createdAt }: EventRecord): void {
    const counts = countsIn(payload['totals']) ?? countsIn(payload['usage']) ?? {};
    const totalTokens = numberIn(counts, 'totalTokens') ?? this.#usage.totalTokens;
    if (totalTokens !== null) this.#sample(Date.parse(createdAt), totalTokens);
    this.#usage = {
      totalTokens,
      contextTokens:
        numberIn(payload, 'contextTokens') ??
        numberIn(countsIn(payload['last']) ?? {}, 'totalTokens') ??
        this.#usage.contextTokens,
      contextWindow: numberIn(payload, 'modelContextWindow') ?? this.#usage.contextWindow,
      cost: costIn(payload['cost']) ?? this.#usage.cost,
      tokensPerMinute: this.#burnRate(),
    };
  }

  #sample(atMs: number, total: number): void {
    // A new run's thread may begin to count anew.
    if (total < (this.#samples.at(-1)?.total ?? 0)) this.#samples = [];
    this.#samples.push({ atMs, total });
    this.#samples = this.#samples.filter((sample) => sample.atMs >= atMs - BURN_WINDOW_MS);
  }

  #burnRate(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < 5_000) return null;
    return Math.round((last.total - first.total) / ((last.atMs - first.atMs) / 60_000));
  }
}

function countsIn(value: unknown): Counts | undefined {
  return typeof value === 'object' && value !== null ? (value as Counts) : undefined;
}

function numberIn(counts: Counts, name: string): number | null {
  const value = counts[name];
  return typeof value === 'number' ? value : null;
}

function costIn(value: unknown): Usage['cost'] {
  const cost = countsIn(value);
  const [amount, currency] = [cost?.['amount'], cost?.['currency']];
  return typeof amount === 'number' && typeof currency === 'string' ? { amount, currency } : null;
}
