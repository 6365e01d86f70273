import { ApplicationFailure } from '@temporalio/activity';
import { AgentRunError } from '../src/domain/errors.js';
import type { EachPart } from '../src/ports/record-maintenance.js';
import type { ActivityPorts } from './ports.js';

/** So many things of a kind are seen to at once. */
const AT_ONCE = 5;
/** So many failures of a kind have a log line each; the end of the pass says how many there were. */
const TOLD = 10;
/** Things of a kind that take longer than this together are left to the next pass. */
const PATIENCE_MS = 2 * 60_000;

/** One pass of housekeeping, in parts: one that fails is told of and holds up no other, and the pass fails at its end. */
export class Housekeeping {
  readonly #failed = new Map<string, number>();
  #unreachable: AgentRunError | undefined;

  constructor(
    private readonly ports: Pick<ActivityPorts, 'log'>,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /** What the work answers; undefined where it failed. */
  readonly part: EachPart = async (name, work) => {
    try {
      return await work();
    } catch (error) {
      this.#fail(name, error);
      return undefined;
    }
  };

  /**
   * The same for each thing of a kind; answers for how many the work was done. They come in no order, so that the same ones that take long
   * and fail do not stand before the others in every pass.
   */
  async each<T>(
    name: string,
    list: () => Promise<readonly T[]>,
    work: (thing: T) => Promise<unknown>,
  ): Promise<number> {
    const things = shuffled((await this.part(name, list)) ?? []);
    const giveUpAt = performance.now() + this.patienceMs;
    let [done, isOver] = [0, false];
    const one = async (thing: T) => {
      try {
        await work(thing);
        done += 1;
      } catch (error) {
        this.#fail(name, error);
        isOver ||= isUnreachable(error);
      }
    };
    for (let from = 0; from < things.length && !isOver && performance.now() < giveUpAt; from += AT_ONCE)
      await Promise.all(things.slice(from, from + AT_ONCE).map(one));
    return done;
  }

  /**
   * @throws what was out of reach, which is tried again soon; else, where anything failed, a failure that says what, and that the next
   *   pass tries again. What Temporal keeps of it are words and numbers of ours.
   */
  conclude(): void {
    if (this.#unreachable !== undefined) throw this.#unreachable;
    if (this.#failed.size === 0) return;
    const parts = [...this.#failed].map(([name, count]) => `${name} (${count})`);
    throw ApplicationFailure.nonRetryable(`failed, see the log: ${parts.join(', ')}`, 'housekeeping-failed');
  }

  #fail(name: string, error: unknown): void {
    if (isUnreachable(error)) this.#unreachable ??= error;
    const count = (this.#failed.get(name) ?? 0) + 1;
    this.#failed.set(name, count);
    if (count <= TOLD) this.ports.log('a part of the maintenance failed', { part: name, error: String(error) });
  }
}

/** Without these no other thing of that kind succeeds either. */
export function isUnreachable(error: unknown): error is AgentRunError {
  return error instanceof AgentRunError && ['temporal', 'database'].includes(String(error.details['part']));
}

function shuffled<T>(things: readonly T[]): T[] {
  const drawn = things.map((thing) => ({ thing, at: Math.random() }));
  return drawn.sort((one, other) => one.at - other.at).map(({ thing }) => thing);
}
