import type { WriteStream } from 'node:tty';
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
  const isTerminal = stream.isTTY;
  return {
    isTerminal,
    colors: pc.createColors(wantsColors(isTerminal, environment)),
    get width() {
      return isTerminal ? (stream as WriteStream).columns || 80 : Infinity;
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

// eslint-disable-next-line no-control-regex -- control characters are what this is about
const CONTROLS =
  /\x1b\[[0-9;:]*m|\x1b\[[0-9:;<=>?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

/**
 * Text of an agent's, made safe for a terminal: colours, tabs and line ends stay; what could move the cursor, set the title, write
 * the clipboard or answer as if typed is taken out.
 */
export function terminalSafe(text: string): string {
  return text.replace(CONTROLS, (control) => (control.startsWith('\x1b[') && control.endsWith('m') ? control : ''));
}

/** Cuts to a number of columns, counting each code point as one. */
export function cutTo(text: string, width: number): string {
  const points = [...text];
  return points.length <= width ? text : `${points.slice(0, Math.max(0, width - 1)).join('')}…`;
}
