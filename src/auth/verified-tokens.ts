/** More are verified again when they are used; those that were used least lately are forgotten first. */
const MOST = 20_000;

/**
 * Whose tokens these are, by the tokens' digests, for tokens that stay good for as long as their key: verifying a signature takes longer
 * than all else that a heartbeat costs. What a token may do is not kept here: its attempt is asked for with each write.
 */
export class VerifiedTokens<Bearer> {
  readonly #bearers = new Map<string, Bearer>();

  constructor(private readonly most = MOST) {}

  get(digest: string): Bearer | undefined {
    const bearer = this.#bearers.get(digest);
    if (bearer === undefined) return undefined;
    this.#bearers.delete(digest);
    this.#bearers.set(digest, bearer);
    return bearer;
  }

  add(digest: string, bearer: Bearer): void {
    this.#bearers.set(digest, bearer);
    const [oldest] = this.#bearers.keys();
    if (this.#bearers.size > this.most && oldest !== undefined) this.#bearers.delete(oldest);
  }
}
