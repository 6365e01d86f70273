import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { SecretFields } from '../../../domain/secrets.js';
import type { ProviderTarget } from '../../provider-proxy/provider-proxy.js';
import { BackendError } from '../backend.js';
import { isTable, textOf, type TomlTable } from '../toml.js';

export interface ProviderSource {
  /** The profile's config, parsed. */
  readonly config: TomlTable;
  readonly secrets: SecretFields;
  /** For words to people. */
  readonly profile: string;
  /** What the agent's environment holds, for headers that are taken from there. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ProviderSettings {
  readonly target: Omit<ProviderTarget, 'headersMs'>;
  /** What of the provider's table may stand in a file that the agent can read. */
  readonly table: TomlTable;
}

interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** Where these credentials are good, where the config says no other place. */
  readonly baseUrl: string;
}

const OPENAI_URL = 'https://api.openai.com/v1';
const CHATGPT_URL = 'https://chatgpt.com/backend-api/codex';
/** Providers that codex knows without a table, by their base URL. */
const LOCAL: Readonly<Record<string, string>> = {
  ollama: 'http://localhost:11434/v1',
  lmstudio: 'http://localhost:1234/v1',
};
/** Codex's own default. */
const IDLE_MS = 300_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Each says where a secret comes from, or is one; `query_params` may hold one. */
const KEPT_FROM_AGENT = [
  'base_url',
  'env_key',
  'env_key_instructions',
  'http_headers',
  'env_http_headers',
  'experimental_bearer_token',
  'auth',
  'query_params',
];

/**
 * The provider that a profile's config selects, taken apart: what the proxy does in its name, and what codex may know.
 * @throws BackendError `backend-unauthorized` where a key is needed and none is there, with words on what to set;
 *   `runner-start-failed` for what no request could be sent with.
 */
export function providerSettings(source: ProviderSource): ProviderSettings {
  const { config, environment } = source;
  const name = textOf(config['model_provider']) ?? 'openai';
  const table = tableOf(config, name);
  const credentials = credentialsOf(source, name, table);
  const headers = {
    ...credentials.headers,
    ...fromEnvironment(textsOf(table['env_http_headers']), environment),
    ...textsOf(table['http_headers']),
  };
  assertSendable(headers, name);
  const { stream_idle_timeout_ms: idleMs } = table;
  const silenceMs = Math.min(typeof idleMs === 'number' ? idleMs : IDLE_MS, LONGEST_TIMER_MS);
  const baseUrl = parseUrl(textOf(table['base_url']) ?? credentials.baseUrl, name);
  const open = Object.fromEntries(Object.entries(table).filter(([key]) => !KEPT_FROM_AGENT.includes(key)));
  return {
    target: { baseUrl, headers, query: textsOf(table['query_params']), silenceMs },
    table: { name, wire_api: 'responses', ...open },
  };
}

function tableOf(config: TomlTable, name: string): TomlTable {
  const tables = config['model_providers'];
  const table = isTable(tables) && Object.hasOwn(tables, name) ? tables[name] : undefined;
  if (isTable(table)) return table;
  if (name === 'openai') return { name: 'OpenAI', base_url: config['openai_base_url'], requires_openai_auth: true };
  const baseUrl = Object.hasOwn(LOCAL, name) ? LOCAL[name] : undefined;
  if (baseUrl !== undefined) return { base_url: baseUrl };
  const words = `the profile's config selects the model provider ${name}, and has no [model_providers.${name}]`;
  throw new BackendError('runner-start-failed', words);
}

function credentialsOf(source: ProviderSource, name: string, table: TomlTable): Credentials {
  const { secrets, profile } = source;
  const login = loginOf(secrets['authJson'], profile);
  const key = secrets['apiKey']?.trim() || textOf(table['experimental_bearer_token']) || login.apiKey;
  if (key) return { headers: { authorization: `Bearer ${key}` }, baseUrl: OPENAI_URL };
  const isOpenAi = table['requires_openai_auth'] === true;
  if (isOpenAi && login.accessToken) {
    const headers: Record<string, string> = { authorization: `Bearer ${login.accessToken}` };
    if (login.accountId) headers['chatgpt-account-id'] = login.accountId;
    return { headers, baseUrl: CHATGPT_URL };
  }
  const wanted = isOpenAi || table['env_key'] !== undefined || table['auth'] !== undefined;
  const hasOwn = Object.keys(textsOf(table['http_headers'])).some((header) => header.toLowerCase() === 'authorization');
  if (!wanted || hasOwn) return { headers: {}, baseUrl: OPENAI_URL };
  const or = isOpenAi ? ' or authJson (what codex keeps in auth.json)' : '';
  throw new BackendError(
    'backend-unauthorized',
    `the model provider ${name} needs a key and the profile "${profile}" has none: set its apiKey${or}`,
  );
}

/** Names the header and repeats nothing of its value. */
function assertSendable(headers: Readonly<Record<string, string>>, provider: string): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      const words = `the header ${name} of the model provider ${provider} has a name or a value that cannot be sent`;
      throw new BackendError('runner-start-failed', words);
    }
  }
}

interface Login {
  readonly apiKey?: string | undefined;
  readonly accessToken?: string | undefined;
  readonly accountId?: string | undefined;
}

function loginOf(authJson: string | undefined, profile: string): Login {
  if (!authJson?.trim()) return {};
  try {
    const login = JSON.parse(authJson) as { OPENAI_API_KEY?: unknown; tokens?: unknown };
    const tokens = isTable(login.tokens) ? login.tokens : {};
    return {
      apiKey: textOf(login.OPENAI_API_KEY),
      accessToken: textOf(tokens['access_token']),
      accountId: textOf(tokens['account_id']),
    };
  } catch {
    // Not the parser's words: they quote what they could not read.
    throw new BackendError('backend-unauthorized', `the authJson of the profile "${profile}" is no JSON object`);
  }
}

function textsOf(value: unknown): Record<string, string> {
  if (!isTable(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => !!textOf(entry[1])));
}

/** As codex does it: a header whose variable is not set is left out. */
function fromEnvironment(names: Record<string, string>, environment: Readonly<Record<string, string>>) {
  const headers = Object.entries(names).map(([header, variable]) => [header, environment[variable]] as const);
  return Object.fromEntries(headers.filter((entry): entry is [string, string] => !!entry[1]));
}

function parseUrl(text: string, name: string): URL {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text);
  throw new BackendError('runner-start-failed', `the base_url of the model provider ${name} is no http(s) URL`);
}
