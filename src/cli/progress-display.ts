import type { Progress, ProgressStep } from '../processes/progress.js';
import { spell } from './durations.js';
import { cutTo, type Output } from './output.js';

const FRAMES = Array.from('⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏');
const FRAME_MS = 90;
const NAME_WIDTH = 22;
/** Nobody wants to be told how long an instant took. */
const WORTH_TELLING_MS = 100;

interface Running {
  readonly startedAt: number;
  detail: string | undefined;
}

/**
 * Shows slow steps as they go: on a terminal a spinner line with what is under way, above it a line for each step that is over;
 * elsewhere a line when a step begins and one when it is over. Call `close` at the end, whatever the end is.
 */
export class ProgressDisplay {
  readonly #running = new Map<string, Running>();
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;
  #isDrawn = false;

  constructor(private readonly output: Output) {}

  readonly show: Progress = (step) => {
    if (step.state === 'started') this.#start(step);
    else if (step.state === 'progress') this.#progress(step);
    else this.#finish(step);
    this.#draw();
  };

  /** Shows a step of the caller's own around what it does. */
  async during<T>(name: string, work: () => Promise<T>, detailOf?: (result: T) => string): Promise<T> {
    this.show({ name, state: 'started' });
    try {
      const result = await work();
      this.show({ name, state: 'done', detail: detailOf?.(result) });
      return result;
    } catch (error) {
      this.show({ name, state: 'failed' });
      throw error;
    }
  }

  close(): void {
    this.#running.clear();
    this.#draw();
  }

  #start({ name, detail }: ProgressStep): void {
    this.#running.set(name, { startedAt: performance.now(), detail });
    if (!this.output.isTerminal) this.#line(`… ${name}`);
  }

  #progress({ name, detail }: ProgressStep): void {
    const running = this.#running.get(name);
    if (running) running.detail = detail;
    if (!this.output.isTerminal && detail !== undefined) this.#line(`  ${name}: ${detail}`);
  }

  #finish({ name, state, detail }: ProgressStep): void {
    const tookMs = this.#end(name);
    const { green, red, dim } = this.output.colors;
    const took = tookMs < WORTH_TELLING_MS ? '' : dim(`  ${spell(tookMs)}`);
    // What went wrong is told once, by whoever gives up; here it is only where.
    if (state === 'failed') return this.#line(`${red('✕')} ${name}${took}`);
    const isNew = state !== 'cached' || detail?.startsWith('cached:');
    const text = [detail, isNew ? undefined : 'was there already'].filter(Boolean).join(', ');
    const room = this.output.width - NAME_WIDTH - 14;
    this.#line(`${green('✓')} ${name.padEnd(NAME_WIDTH)} ${dim(cutTo(text, room))}${took}`);
  }

  #end(name: string): number {
    const running = this.#running.get(name);
    this.#running.delete(name);
    return running === undefined ? 0 : performance.now() - running.startedAt;
  }

  #line(text: string): void {
    this.#erase();
    this.output.write(`${text}\n`);
  }

  #draw(): void {
    if (!this.output.isTerminal) return;
    this.#erase();
    if (this.#running.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setInterval(() => this.#tick(), FRAME_MS).unref();
    const { cyan } = this.output.colors;
    const text = [...this.#running].map(describe).join(' · ');
    this.output.write(`${cyan(FRAMES[this.#frame] ?? '')} ${cutTo(text, this.output.width - 3)}`);
    this.#isDrawn = true;
  }

  #tick(): void {
    this.#frame = (this.#frame + 1) % FRAMES.length;
    this.#draw();
  }

  #erase(): void {
    if (this.#isDrawn) this.output.write('\r\x1b[K');
    this.#isDrawn = false;
  }
}

function describe([name, { startedAt, detail }]: [string, Running]): string {
  const seconds = Math.floor((performance.now() - startedAt) / 1_000);
  return [name, detail, seconds >= 2 ? `${seconds} s` : undefined].filter(Boolean).join(' ');
}
