import type { ToolCredential } from '../../../contract/tool-credential.js';
import type { CliContext } from '../../context.js';
import { ago } from '../../durations.js';
import { terminalSafe, type Colors } from '../../output.js';
import { table, tabSeparated } from '../../table.js';

export const CREDENTIALS_PATH = '/api/v1/tool-credentials';

export function credentialPath(name: string): string {
  return `${CREDENTIALS_PATH}/${encodeURIComponent(name)}`;
}

/** One credential, as each command shows it. */
export function tellCredential({ screen }: CliContext, credential: ToolCredential, json: boolean): void {
  if (json) return screen.data(JSON.stringify(credential));
  if (!screen.out.isTerminal) return screen.data(tabSeparated([plainRow(credential)]));
  const { bold, dim } = screen.out.colors;
  const rows = rowsOf(credential).map(([name, text]) => [`  ${dim(name)}`, terminalSafe(text)]);
  const title = `${stateWord(credential, screen.out.colors)}  ${bold(credential.name)}`;
  screen.data(rows.length === 0 ? title : `${title}\n${table(rows)}`);
}

export function plainRow(credential: ToolCredential): (string | number | null)[] {
  const { name, configured, type, bits, fingerprint, comment, knownHostsCount, updatedAt } = credential;
  return [name, configured ? 'set' : 'not set', type, bits, fingerprint, comment, knownHostsCount, updatedAt];
}

export function tableRow(credential: ToolCredential, colors: Colors): string[] {
  const { name, fingerprint, comment, updatedAt, reason } = credential;
  const state = reason === null && credential.configured ? keyWords(credential) : stateWord(credential, colors);
  return [name, state, fingerprint ?? '', terminalSafe(comment ?? ''), updatedAt === null ? '' : since(updatedAt)];
}

function stateWord({ configured, reason }: ToolCredential, { green, red, dim }: Colors): string {
  if (!configured) return dim('not set');
  return reason === null ? green('✓ set') : red('✕ cannot be used');
}

function rowsOf(credential: ToolCredential): [name: string, text: string][] {
  const { fingerprint, comment, knownHostsCount: count, knownHostsSource, reason, updatedAt } = credential;
  const hosts = knownHostsSource === 'given' ? `${count}, as given` : 'those that GitHub publishes for github.com';
  return [
    ...optional('key', credential.type === null ? null : keyWords(credential)),
    ...optional('fingerprint', fingerprint),
    ...optional('comment', comment),
    ...optional('host keys', knownHostsSource === null ? null : hosts),
    ...optional('problem', reason),
    ...optional('changed', updatedAt === null ? null : `${since(updatedAt)} (${updatedAt})`),
  ];
}

function keyWords({ type, bits, curve }: ToolCredential): string {
  return type === 'ed25519' ? type : `${type} ${type === 'ecdsa' ? curve : bits}`;
}

function since(time: string): string {
  return ago(Date.now() - Date.parse(time));
}

function optional(name: string, text: string | null): [string, string][] {
  return text === null ? [] : [[name, text]];
}
