import { parse, TomlError, type TomlTable } from 'smol-toml';
import { invalid, type AgentRunError } from '../../domain/errors.js';
import { looksSecret, REDACTED } from './secret-looks.js';

/**
 * A profile's file, as it is set.
 * @throws schema-invalid, which names `config` and the line and column; it repeats no value.
 */
export function parseToml(text: string): TomlTable {
  const file = parsed(text);
  if (text.includes(REDACTED)) {
    throw wrong('', `holds ${REDACTED}, which stands for a value that was hidden: give the value itself`);
  }
  return file;
}

/** `path` is the place in the file, empty for all of it. */
export function wrong(path: string, what: string): AgentRunError {
  if (path === '') return invalid('config', `config ${what}`);
  return invalid('config', `config: ${path} ${what}`, { path });
}

/** `model_providers.x.base_url`; what somebody put in the place of a name is not repeated. */
export function pathOf(path: readonly string[]): string {
  return path.map((name) => (/^[A-Za-z0-9_-]{1,64}$/.test(name) && !looksSecret(name) ? name : '"…"')).join('.');
}

/** Of a file that was checked when it was set. */
export function parsed(text: string): TomlTable {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    // Its further lines quote the file.
    const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    const message = `config is not valid TOML at line ${line}, column ${column}: ${reason}`;
    throw invalid('config', message, { line, column });
  }
}
