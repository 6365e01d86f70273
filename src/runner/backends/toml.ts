import { parse, TomlError } from 'smol-toml';
import { BackendError } from './backend.js';

export type TomlTable = Readonly<Record<string, unknown>>;

/** @throws BackendError which names the line and quotes nothing: there may be a secret in it. */
export function parseProfileConfig(text: string | undefined, profile: string): TomlTable {
  try {
    return parse(text ?? '');
  } catch (error) {
    const where = error instanceof TomlError ? ` (line ${error.line}, column ${error.column})` : '';
    throw new BackendError('runner-start-failed', `the config of the profile "${profile}" is no TOML${where}`);
  }
}

export function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A string that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
