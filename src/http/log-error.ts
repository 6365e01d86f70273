import { AgentRunError } from '../domain/errors.js';

/** Errors whose messages are the language's own and quote no data. */
const SPEAKING = ['TypeError', 'RangeError', 'ReferenceError', 'AssertionError'];

/** Of each error; its cause has its own. */
const MAX_FRAMES = 8;

/**
 * An error as it may be logged: its name, code and stack frames, and those of its causes. Messages of other libraries are left out:
 * a parser or a database quotes the value that it could not read.
 */
export function loggable(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code, type } = error as { code?: unknown; type?: unknown };
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof type === 'string' ? { type } : {}),
    ...(SPEAKING.includes(error.name) ? { message: error.message } : {}),
    // An error of ours that says what is down needs no place: its cause has one.
    ...(error instanceof AgentRunError ? {} : { frames: framesOf(error) }),
    ...(error.cause !== undefined && depth < 3 ? { cause: loggable(error.cause, depth + 1) } : {}),
  };
}

function framesOf(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n');
  const frames = lines.filter((line) => /^ {4}at /.test(line)).map((line) => line.trim());
  return frames.slice(0, MAX_FRAMES);
}
