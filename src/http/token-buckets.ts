/** More are not remembered: those that are full again are forgotten first, and of the rest the oldest. */
const MOST = 10_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** One bucket of tokens for each key: `perSecond` flow in, up to `burst`. Costs the same few steps whatever is asked. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();

  /** `perSecond` 0: nothing is limited. `now`: milliseconds of a clock that never goes back. */
  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one, and answers 0; where there is none, answers in how many milliseconds there will be. */
  take(key: string): number {
    if (this.perSecond === 0) return 0;
    const bucket = this.#bucketOf(key);
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / this.perSecond) * 1_000);
    bucket.tokens -= 1;
    return 0;
  }

  #bucketOf(key: string): Bucket {
    const nowMs = this.now();
    const kept = this.#buckets.get(key);
    if (kept !== undefined) {
      kept.tokens = this.#tokensAt(kept, nowMs);
      kept.atMs = nowMs;
      return kept;
    }
    if (this.#buckets.size >= MOST) this.#forget(nowMs);
    const fresh = { tokens: this.burst, atMs: nowMs };
    this.#buckets.set(key, fresh);
    return fresh;
  }

  #tokensAt({ tokens, atMs }: Bucket, nowMs: number): number {
    return Math.min(this.burst, tokens + ((nowMs - atMs) / 1_000) * this.perSecond);
  }

  /** A tenth at least, so that the next stranger costs no look at all of them again. */
  #forget(nowMs: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#tokensAt(bucket, nowMs) >= this.burst) this.#buckets.delete(key);
    }
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size <= MOST * 0.9) return;
      this.#buckets.delete(key);
    }
  }
}
