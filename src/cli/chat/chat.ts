import type { SessionSummary } from '../../contract/session.js';
import type { CliContext } from '../context.js';
import { EventLines } from '../event-lines.js';
import { terminalSafe, type Colors, type Output } from '../output.js';
import { Screen } from '../screen.js';
import { chatStep } from './chat-step.js';
import { ChatSession, type ChatSessionOptions } from './chat-session.js';
import {
  FIRST_STATE,
  promptLabel,
  statusLine,
  type ChatEffect,
  type ChatInput,
  type ChatState,
  type Tone,
} from './chat-state.js';
import { KeyInput, type TerminalInput } from '../terminal/key-input.js';
import type { Key } from '../terminal/keys.js';
import { LiveScreen, type TerminalOutput } from './live-screen.js';

export interface ChatOptions extends Omit<ChatSessionOptions, 'signal' | 'tell'> {
  readonly context: CliContext;
  readonly input: TerminalInput;
  readonly output: TerminalOutput & {
    on(event: 'resize', listener: () => void): unknown;
    off(event: 'resize', listener: () => void): unknown;
  };
}

const TICK_MS = 250;
const AWAKE_MS = 100;
const LEAVING_MS = 5_000;
const LETTING_GO_MS = 1_000;
const LEFT = new Error('the chat is over');

/** Talks to a session until the person leaves, which stops nothing. Answers how the chat stood then. */
export async function chat(options: ChatOptions): Promise<ChatState> {
  const talk = new Chat(options);
  return talk.run();
}

/** The thin part: keys and events in, steps of the pure state, effects out. */
class Chat {
  #state = FIRST_STATE;
  readonly #screen: LiveScreen;
  readonly #lines: EventLines;
  readonly #said: Screen;
  readonly #keys: KeyInput;
  readonly #session: ChatSession;
  readonly #leaving = new AbortController();
  readonly #left: Promise<void>;
  #leave!: () => void;
  /** The terminal is the shell's again: what still comes is printed, without a prompt. */
  #isClosed = false;
  #isOver = false;

  constructor(private readonly options: ChatOptions) {
    const { input, output, context } = options;
    this.#left = new Promise((resolve) => (this.#leave = resolve));
    this.#screen = new LiveScreen(output);
    const shown = scrollbackOf(this.#screen, context.screen.out.colors);
    this.#said = new Screen(shown, shown);
    this.#lines = new EventLines(this.#said);
    const onKey = (key: Key) => this.#tell({ type: 'key', key, atMs: performance.now() });
    this.#keys = new KeyInput(input, output, { onKey, onEnd: () => this.#leave() });
    const tell = (told: ChatInput) => this.#tell(told);
    this.#session = new ChatSession({ ...options, signal: this.#leaving.signal, tell });
  }

  async run(): Promise<ChatState> {
    const { output } = this.options;
    const tick = setInterval(() => this.#tell({ type: 'time', atMs: performance.now() }), TICK_MS);
    const onSignal = () => this.#leave();
    const onContinue = () => this.#resume();
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(signal, onSignal);
    process.on('SIGCONT', onContinue);
    output.on('resize', this.#onResize);
    try {
      this.#greet(await this.#session.open());
      this.#keys.open();
      await Promise.race([this.#left, this.#session.failed]);
    } finally {
      this.#isOver = true;
      clearInterval(tick);
      output.off('resize', this.#onResize);
      for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.off(signal, onSignal);
      process.off('SIGCONT', onContinue);
      this.#close();
      await this.#settle();
      this.#screen.close();
    }
    return this.#state;
  }

  /** What was typed last is still handed over: leaving must not lose it. */
  async #settle(): Promise<void> {
    const giveUp = setTimeout(() => this.#leaving.abort(LEFT), LEAVING_MS);
    await this.#session.sendsSettled();
    clearTimeout(giveUp);
    this.#leaving.abort(LEFT);
    await Promise.race([this.#session.settled(), new Promise((resolve) => setTimeout(resolve, LETTING_GO_MS).unref())]);
  }

  #greet(session: SessionSummary | undefined): void {
    const { sessionId } = this.options;
    const { bold, dim } = this.#said.out.colors;
    const keys = 'Enter sends · Ctrl-J or Alt-Enter begins a line · Ctrl-C leaves, what runs goes on';
    this.#said.data(`${bold(sessionId)}  ${dim(session === undefined ? `new · ${keys}` : keys)}`);
    this.#draw();
  }

  #tell(input: ChatInput): void {
    const { state, effects } = chatStep(this.#state, input);
    const isSame = state === this.#state && effects.length === 0;
    this.#state = state;
    for (const effect of effects) this.#do(effect);
    if (!isSame) this.#draw();
  }

  #do(effect: ChatEffect): void {
    switch (effect.do) {
      case 'send':
        return this.#session.send(effect);
      case 'stop-sending':
        return this.#session.stopSending();
      case 'interrupt':
        return void this.#session.interrupt(effect.turn);
      case 'say':
        return this.#said.data(this.#painted(effect.tone, effect.text));
      case 'show':
        return this.#lines.show(effect.event);
      case 'mark-read':
        return void this.#session.markRead();
      case 'detach':
        return this.#leave();
      case 'suspend':
        return this.#suspend();
      case 'redraw':
        return this.#screen.redraw({ clear: true });
    }
  }

  #draw(): void {
    if (this.#isClosed) return;
    const { tone, text } = statusLine(this.#state);
    const { bold } = this.#said.out.colors;
    const label = bold(promptLabel(this.#state));
    this.#screen.show({ status: this.#painted(tone, text), label, draft: this.#state.draft });
  }

  #painted(tone: Tone, text: string): string {
    const { dim, green, yellow, red, cyan, bold } = this.#said.out.colors;
    const safe = terminalSafe(text);
    if (tone !== 'own') return { quiet: dim, good: green, warn: yellow, bad: red }[tone](safe);
    const marked = (line: string, index: number) => `${cyan(index === 0 ? '›' : ' ')} ${bold(line)}`;
    return safe.split('\n').map(marked).join('\n');
  }

  /** As the shell expects of Ctrl-Z. */
  #suspend(): void {
    this.#close();
    process.kill(process.pid, 'SIGTSTP');
    // Comes after it was continued, or at once where nobody could: without a shell's job control the signal does nothing.
    setTimeout(() => this.#resume(), AWAKE_MS);
  }

  #close(): void {
    this.#isClosed = true;
    this.#screen.close();
    this.#keys.close();
  }

  #resume(): void {
    if (this.#isOver) return;
    this.#isClosed = false;
    this.#keys.open();
    this.#draw();
  }

  readonly #onResize = (): void => this.#screen.redraw({ clear: false });
}

/** The scrollback as what lines are written to. */
function scrollbackOf(screen: LiveScreen, colors: Colors): Output {
  return {
    isTerminal: true,
    colors,
    get width() {
      return screen.columns;
    },
    write: (text) => screen.print(text),
  };
}
