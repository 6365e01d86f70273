import { InvalidArgumentError, type Command } from 'commander';

export function addSpecNameArgument(command: Command): Command {
  return command.argument('<name>', 'the spec', specName);
}

/** Only what can stand in a URL as it is; the manager knows the rest. */
export function specName(given: string): string {
  if (!/^[A-Za-z0-9._+-]+$/.test(given))
    throw new InvalidArgumentError('A name has letters, digits, and . _ + - only.');
  return given;
}

export function specPath(name: string, ...rest: readonly string[]): string {
  return ['/api/v1/aipod-specs', name, ...rest].join('/');
}

/** Loaded when it is needed: every other command starts without it. */
export async function yamlText(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(value);
}
