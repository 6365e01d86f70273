import type { HttpClient } from '../../client/http-client.js';
import { assertNever } from '../../domain/assert-never.js';
import { queuePath } from '../commands/queue/options.js';
import { taskPath } from '../commands/task/options.js';
import type { CliContext } from '../context.js';
import { taskName } from '../task-words.js';
import { FullScreen } from '../terminal/full-screen.js';
import { KeyInput, type TerminalInput } from '../terminal/key-input.js';
import type { Key } from '../terminal/keys.js';
import { boardScreen } from './board-screen.js';
import type { BoardSource } from './board-source.js';
import { firstState, type BoardData, type BoardEffect, type BoardInput, type BoardState } from './board-state.js';
import { boardStep } from './board-step.js';

export interface BoardOptions {
  readonly client: HttpClient;
  readonly queue: string | null;
  readonly readerId?: string;
  readonly context: CliContext;
  readonly input: TerminalInput;
  readonly output: NodeJS.WriteStream;
  readonly source: BoardSource;
  /** What there was before the screen was taken. */
  readonly data: BoardData;
}

const TICK_MS = 1_000;
const AWAKE_MS = 100;
const LEFT = new Error('the board is closed');

/** Shows the board until the person leaves, which stops nothing. */
export async function board(options: BoardOptions): Promise<void> {
  await new Board(options).run();
}

/** The thin part: keys and data in, steps of the pure state, effects and lines out. */
class Board {
  #state: BoardState;
  readonly #screen: FullScreen;
  readonly #keys: KeyInput;
  readonly #leaving = new AbortController();
  readonly #left: Promise<void>;
  #leave!: () => void;
  #isOver = false;

  constructor(private readonly options: BoardOptions) {
    const { input, output, queue } = options;
    this.#state = firstState(queue, Date.now());
    this.#left = new Promise((resolve) => (this.#leave = resolve));
    this.#screen = new FullScreen(output);
    const onKey = (key: Key) => this.#tell({ type: 'key', key, atMs: Date.now() });
    this.#keys = new KeyInput(input, output, { onKey, onEnd: () => this.#leave() });
  }

  async run(): Promise<void> {
    const { output, source, data } = this.options;
    const tick = setInterval(() => this.#tell({ type: 'time', atMs: Date.now() }), TICK_MS);
    const onSignal = () => this.#leave();
    const onContinue = () => this.#open();
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(signal, onSignal);
    process.on('SIGCONT', onContinue);
    output.on('resize', this.#onResize);
    try {
      this.#open();
      this.#tell({ type: 'data', data });
      const following = source.follow(this.#leaving.signal, (input) => this.#tell(input));
      await Promise.race([this.#left, following]);
      this.#leaving.abort(LEFT);
      await following;
    } finally {
      this.#isOver = true;
      clearInterval(tick);
      output.off('resize', this.#onResize);
      for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.off(signal, onSignal);
      process.off('SIGCONT', onContinue);
      this.#close();
    }
  }

  #tell(input: BoardInput): void {
    const { state, effects } = boardStep(this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#do(effect);
    this.#draw();
  }

  #do(effect: BoardEffect): void {
    switch (effect.do) {
      case 'dispatch':
        return void this.#ask(`dispatched: ${taskName(effect.task)}`, 'POST', taskPath(effect.task.id, 'dispatch'), {});
      case 'cancel': {
        const body = { reason: 'from the board' };
        return void this.#ask(`cancelling: ${taskName(effect.task)}`, 'POST', taskPath(effect.task.id, 'cancel'), body);
      }
      case 'read': {
        const { readerId } = this.options;
        return void this.#ask(`read: ${taskName(effect.task)}`, 'POST', taskPath(effect.task.id, 'read'), { readerId });
      }
      case 'pause': {
        const { queue, paused } = effect;
        return void this.#ask(`${paused ? 'paused' : 'resumed'}: ${queue}`, 'PUT', queuePath(queue), { paused });
      }
      case 'watch':
        return this.options.source.watch(effect.taskId);
      case 'leave':
        return this.#leave();
      case 'suspend':
        return this.#suspend();
      case 'redraw':
        return this.#screen.forget();
      default:
        return assertNever(effect);
    }
  }

  /** Says what came of it, and shows it. */
  async #ask(done: string, method: 'POST' | 'PUT', path: string, body: unknown): Promise<void> {
    const { client, source } = this.options;
    try {
      await client.request(method, path, { body, signal: this.#leaving.signal });
      this.#tell({ type: 'told', tone: 'good', text: `✓ ${done}`, atMs: Date.now() });
    } catch (error) {
      if (this.#leaving.signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#tell({ type: 'told', tone: 'bad', text: `✕ ${message}`, atMs: Date.now() });
    }
    source.refresh();
  }

  #draw(): void {
    if (this.#isOver) return;
    const { context } = this.options;
    this.#screen.draw(boardScreen(this.#state, context.screen.out.colors, context.program));
  }

  #open(): void {
    if (this.#isOver) return;
    this.#screen.open();
    this.#keys.open();
    this.#onResize();
  }

  #close(): void {
    this.#keys.close();
    this.#screen.close();
  }

  /** As the shell expects of Ctrl-Z. */
  #suspend(): void {
    this.#close();
    process.kill(process.pid, 'SIGTSTP');
    // Comes after it was continued, or at once where nobody could: without a shell's job control the signal does nothing.
    setTimeout(() => this.#open(), AWAKE_MS);
  }

  readonly #onResize = (): void => {
    const { columns, rows } = this.options.output;
    this.#screen.forget();
    this.#tell({ type: 'size', columns: columns || 80, rows: rows || 24 });
  };
}
