import type { EventRecord } from '../contract/event.js';
import { spell } from './durations.js';
import { cutTo, terminalSafe, type Colors } from './output.js';
import type { Screen } from './screen.js';
import { DiffSections } from './diff-sections.js';
import { phaseWords } from './phase-words.js';
import { StreamedText } from './streamed-text.js';

type Payload = EventRecord['payload'];

/** A prompt is shown to know what is worked on, not to be read again in full. */
const PROMPT_LINES = 12;

/** Writes events as a person reads them: what was said and printed on standard output, what the run went through dimmed on standard error. */
export class EventLines {
  readonly #colors: Colors;
  readonly #streamed: StreamedText;
  readonly #diffs = new DiffSections();
  #prompt = '';

  constructor(private readonly screen: Screen) {
    this.#streamed = new StreamedText(screen);
    this.#colors = screen.out.colors;
  }

  show({ type, payload }: EventRecord): void {
    const { dim, cyan, italic, red } = this.#colors;
    switch (type) {
      case 'user_message':
        return this.#userMessage(this.#text(payload, 'text'));
      case 'assistant_message':
        return this.#say(payload, (text) => text);
      case 'reasoning':
        return this.#say(payload, (text) => dim(italic(text)));
      case 'tool_call':
        return this.#toolCall(payload);
      case 'tool_output':
      case 'command_output':
        return this.#print(payload);
      case 'diff':
        return this.#diff(this.#text(payload, 'diff', 'text', 'summary'));
      case 'plan':
        return this.screen.data(`${cyan('plan')} ${this.#text(payload, 'text', 'summary', 'plan')}`);
      case 'error':
        return this.screen.data(`${red('✕')} ${this.#text(payload, 'message', 'text')}${retryWords(payload)}`);
      case 'backend_status':
        return this.#phase(payload);
      // Usage belongs to the result, and the end is told with it.
      case 'token_usage':
      case 'terminal_status':
        return;
    }
  }

  #userMessage(prompt: string): void {
    this.#prompt = prompt;
    const lines = prompt.trimEnd().split('\n');
    const shown =
      lines.length > PROMPT_LINES ? [...lines.slice(0, PROMPT_LINES - 1), `… ${lines.length} lines`] : lines;
    const { bold, cyan } = this.#colors;
    this.screen.data(shown.map((line, index) => `${cyan(index === 0 ? '›' : ' ')} ${bold(line)}`).join('\n'));
  }

  /** What comes in pieces is shown as it comes, and not again when it comes whole. */
  #say(payload: Payload, style: (text: string) => string): void {
    const text = this.#text(payload, 'text', 'summary');
    const itemId = textOf(payload, 'itemId') ?? '';
    if (payload.status === 'in_progress') this.#streamed.piece(itemId, text, style);
    else this.#streamed.whole(itemId, text, style);
  }

  #print(payload: Payload): void {
    this.#streamed.breakOff();
    // A part that belongs before what is shown already.
    if (payload.offset === 0) this.screen.data(this.#colors.dim('· printed before that:'));
    this.screen.raw(textOf(payload, 'text') ?? '');
  }

  #diff(diff: string): void {
    const fresh = this.#diffs.newIn(diff);
    if (fresh !== '') this.screen.data(colorDiff(fresh, this.#colors));
  }

  /** `▸ shell  npm test`, and when it is over `✓ shell  exit 0 · 1.2 s`. */
  #toolCall(payload: Payload): void {
    const { cyan, green, red, dim } = this.#colors;
    const verb = this.#text(payload, 'toolName') || 'tool';
    const status = textOf(payload, 'status');
    if (status === undefined || status === 'running' || status === 'in_progress') {
      this.screen.data(`${cyan('▸')} ${verb}  ${this.#target(payload)}`.trimEnd());
      return;
    }
    const icon = status === 'completed' ? green('✓') : status === 'cancelled' ? dim('⊘') : red('✕');
    this.screen.data(`${icon} ${verb}  ${dim(endOfCall(payload, status))}`);
  }

  /** Of a command line the first line; nothing where the prompt just above says it. */
  #target(payload: Payload): string {
    const target = this.#text(payload, 'summary', 'text', 'command');
    if (this.#prompt.startsWith(target.replace(/…$/, ''))) return '';
    const [first = '', ...rest] = target.trim().split('\n');
    return cutTo(rest.length > 0 ? `${first} …` : first, this.screen.out.width - 12);
  }

  #phase(payload: Payload): void {
    const words = phaseWords(payload);
    if (words !== undefined) this.screen.note(this.screen.err.colors.dim(`· ${words}`));
  }

  /** The first of the fields that is there, safe to show. */
  #text(payload: Payload, ...names: string[]): string {
    const found = names.map((name) => textOf(payload, name)).find((text) => text !== undefined) ?? '';
    return this.screen.out.isTerminal ? terminalSafe(found) : found;
  }
}

function endOfCall(payload: Payload, status: string): string {
  const { exitCode, durationMs, signal } = payload;
  const facts = [
    typeof exitCode === 'number' ? `exit ${exitCode}` : typeof signal === 'string' ? `ended by ${signal}` : status,
    typeof durationMs === 'number' ? spell(durationMs) : undefined,
  ];
  return facts.filter((fact) => fact !== undefined).join(' · ');
}

function retryWords(payload: Payload): string {
  return payload.willRetry === true ? ' (it is tried again)' : '';
}

export function colorDiff(diff: string, { green, red, cyan, bold }: Colors): string {
  const paint = (line: string) => {
    if (/^(\+\+\+|---|diff |index )/.test(line)) return bold(line);
    if (line.startsWith('+')) return green(line);
    if (line.startsWith('-')) return red(line);
    return line.startsWith('@@') ? cyan(line) : line;
  };
  return diff.trimEnd().split('\n').map(paint).join('\n');
}

function textOf(payload: Payload, name: string): string | undefined {
  const value = payload[name];
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : undefined;
}
