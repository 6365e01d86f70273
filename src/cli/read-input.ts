import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { usageError } from './cli-error.js';

/** What is in a file that an option names; `-` is standard input. */
export async function readInput(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  return readFile(file, 'utf8').catch((error: unknown) => {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw usageError(`${file} cannot be read (${code})`);
  });
}
