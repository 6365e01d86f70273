import pc from 'picocolors';

type Environment = Readonly<Record<string, string | undefined>>;
export type Colors = ReturnType<typeof pc.createColors>;

/** One of the program's two streams, as something to write on. */
export interface Output {
  readonly isTerminal: boolean;
  readonly colors: Colors;
  /** Columns; unlimited where nobody looks. */
  readonly width: number;
  write(text: string): void;
}

export function outputTo(stream: NodeJS.WriteStream, environment: Environment): Output {
  // Node leaves it undefined for a pipe, which picocolors would take for "decide yourself".
  const isTerminal = (stream.isTTY as boolean | undefined) ?? false;
  return {
    isTerminal,
    colors: pc.createColors(wantsColors(isTerminal, environment)),
    get width() {
      return isTerminal ? stream.columns || 80 : Infinity;
    },
    write: (text) => void stream.write(text),
  };
}

/** https://no-color.org and the usual FORCE_COLOR. */
function wantsColors(isTerminal: boolean, environment: Environment): boolean {
  if (environment['NO_COLOR']) return false;
  if (environment['FORCE_COLOR'] && environment['FORCE_COLOR'] !== '0') return true;
  return isTerminal && environment['TERM'] !== 'dumb';
}

const CONTROLS = new RegExp(
  [
    '\\u001b\\[[0-9:;<=>?]*[ -/]*[@-~]', // colours, and what moves the cursor or erases
    '\\u001b[\\]PX^_][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)?', // title, clipboard, other strings for the terminal
    '\\u001b.?',
    '[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]',
  ].join('|'),
  'g',
);
const COLOR = /^.\[[0-9:;]*m$/;

/**
 * Text of an agent's, made safe for a terminal: colours, tabs and line ends stay; what could move the cursor, set the title, write
 * the clipboard or answer as if typed is taken out.
 */
export function terminalSafe(text: string): string {
  return text.replace(CONTROLS, (control) => (COLOR.test(control) ? control : ''));
}

const segmenter = new Intl.Segmenter();

/** What a reader counts as characters. */
export function characters(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Cuts to a number of columns; each character counts as one. */
export function cutTo(text: string, width: number): string {
  const found = characters(text);
  return found.length <= width ? text : `${found.slice(0, Math.max(0, width - 1)).join('')}…`;
}
