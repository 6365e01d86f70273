import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { ProfileCredentialWrite, CredentialType } from '../../contract/provider-profile.js';
import { invalid } from '../../domain/errors.js';

export interface Credential {
  readonly type: CredentialType;
  /** The key, or the text of the auth.json. */
  readonly value: string;
}

const API_KEY = /^[!-~]{8,4096}$/;
const AUTH_JSON_MAX = 65_536;

const derive = promisify(scrypt) as (text: string, salt: string, bytes: number) => Promise<Buffer>;

/** @throws schema-invalid, naming the field; it repeats nothing of what was given. */
export function credentialOf({ apiKey, authJson }: ProfileCredentialWrite): Credential {
  if (apiKey !== undefined && authJson !== undefined)
    throw invalid('authJson', 'give either apiKey or authJson, not both');
  if (apiKey !== undefined) {
    assertApiKey('apiKey', apiKey);
    return { type: 'api-key', value: apiKey };
  }
  if (authJson === undefined) throw invalid('apiKey', 'apiKey or authJson is required');
  const value = typeof authJson === 'string' ? authJson : JSON.stringify(authJson);
  if (value.length > AUTH_JSON_MAX) throw invalid('authJson', `authJson must have at most ${AUTH_JSON_MAX} characters`);
  assertAuthJson(typeof authJson === 'string' ? parsed(authJson) : authJson);
  return { type: 'auth-json', value };
}

/**
 * Twelve characters by which two credentials can be told apart. Slow to make on purpose: a short key must not be found by trying
 * all of them.
 */
export async function fingerprintOf({ value }: Pick<Credential, 'value'>): Promise<string> {
  return (await derive(value, 'agentrun credential', 6)).toString('hex');
}

/** Whether there is an API key in it, rather than a login alone. */
export function holdsApiKey({ type, value }: Credential): boolean {
  if (type === 'api-key') return true;
  const auth = parsed(value);
  return isObject(auth) && typeof auth['OPENAI_API_KEY'] === 'string';
}

function assertApiKey(field: string, key: string): void {
  if (API_KEY.test(key)) return;
  throw invalid(field, `${field} must be 8 to 4096 printable ASCII characters without blanks: this is no key`);
}

/** Codex's own form: an API key, or the tokens of a login. */
function assertAuthJson(auth: unknown): void {
  const form = "codex's auth.json, with OPENAI_API_KEY or tokens.access_token in it";
  if (!isObject(auth)) throw invalid('authJson', `authJson must be ${form}`);
  const { OPENAI_API_KEY: key, tokens } = auth;
  if (typeof key === 'string') return assertApiKey('authJson.OPENAI_API_KEY', key);
  const accessToken = isObject(tokens) ? tokens['access_token'] : undefined;
  if (typeof accessToken !== 'string' || accessToken === '') throw invalid('authJson', `authJson must be ${form}`);
}

/** The parser's own message quotes what it could not read. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('authJson', 'authJson is not JSON');
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
