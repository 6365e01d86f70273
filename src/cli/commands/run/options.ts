import { InvalidArgumentError, type Command } from 'commander';
import { text } from 'node:stream/consumers';
import { idPattern } from '../../../domain/ids.js';
import { usageError } from '../../cli-error.js';

const RUN_ID = new RegExp(idPattern('run'));

/** A run's id, or the address of a page or a route that holds one. */
function runId(given: string): string {
  const id = given.includes('/') ? (given.match(/run_[0-9a-z]+/)?.[0] ?? given) : given;
  if (!RUN_ID.test(id)) throw new InvalidArgumentError('A run id looks like run_0123456789abcdef….');
  return id;
}

export function count(given: string): number {
  const value = Number(given);
  if (!/^\d+$/.test(given) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('Give a whole number.');
  return value;
}

/** The prompt as given; `-` reads it from standard input. */
export async function readPrompt(given: string): Promise<string> {
  const prompt = given === '-' ? await text(process.stdin) : given;
  if (prompt.trim() === '') throw usageError('the prompt is empty');
  return prompt;
}

export function addRunIdArgument(command: Command): Command {
  return command.argument('<runId>', 'the run', runId);
}
