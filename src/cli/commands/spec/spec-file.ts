import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CliError } from '../../cli-error.js';

/** A spec as it is sent: a `.json` file's document, or the text of anything else as YAML. */
export type SpecBody = { readonly yaml: string } | Readonly<Record<string, unknown>>;

/** `-` is standard input. */
export async function readSpecFile(file: string): Promise<SpecBody> {
  if (file === '-') return { yaml: await text(process.stdin) };
  const content = await readFile(file, 'utf8').catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(`${file} cannot be read (${code ?? message})`);
  });
  return file.endsWith('.json') ? parseJson(file, content) : { yaml: content };
}

function parseJson(file: string, content: string): SpecBody {
  try {
    return JSON.parse(content) as SpecBody;
  } catch (error) {
    throw new CliError(`${file} is not JSON: ${(error as Error).message}`);
  }
}
