import type { TomlTable, TomlValue } from 'smol-toml';
import { redactUrls } from './secret-looks.js';
import { parsed, parseToml, pathOf, wrong } from './toml-file.js';

/** What a provider takes to let codex in. */
export type CredentialNeed = 'any-credential' | 'api-key' | 'none';

/**
 * Providers that need no table; codex lets nobody define them otherwise. The first is the one that is used when none is named, the
 * others run on the runner's machine.
 */
const BUILT_IN = ['openai', 'ollama', 'lmstudio'];

const CHECKS = {
  text: { wanted: 'a string', holds: (value: TomlValue) => typeof value === 'string' },
  flag: { wanted: 'true or false', holds: (value: TomlValue) => typeof value === 'boolean' },
  count: { wanted: 'a whole number from 0', holds: isCount },
  table: { wanted: 'a table', holds: isTable },
  texts: { wanted: 'a table of strings', holds: isTableOfTexts },
  policy: { wanted: 'a string or a table', holds: (value: TomlValue) => typeof value === 'string' || isTable(value) },
} as const;
type Check = keyof typeof CHECKS;

/** What is not listed here is left to codex. */
const FILE_FIELDS: Readonly<Record<string, Check>> = {
  model: 'text',
  model_provider: 'text',
  model_providers: 'table',
  openai_base_url: 'text',
  model_reasoning_effort: 'text',
  model_context_window: 'count',
  model_max_output_tokens: 'count',
  approval_policy: 'policy',
  sandbox_mode: 'text',
  mcp_servers: 'table',
  analytics: 'table',
  features: 'table',
};
const PROVIDER_FIELDS: Readonly<Record<string, Check>> = {
  name: 'text',
  base_url: 'text',
  env_key: 'text',
  env_key_instructions: 'text',
  experimental_bearer_token: 'text',
  wire_api: 'text',
  requires_openai_auth: 'flag',
  supports_websockets: 'flag',
  request_max_retries: 'count',
  stream_max_retries: 'count',
  stream_idle_timeout_ms: 'count',
  http_headers: 'texts',
  env_http_headers: 'texts',
  query_params: 'texts',
};

/**
 * Refuses a `config.toml` that codex could not use.
 * @throws schema-invalid, which names `config` and the line and column, or the path in the file; it repeats no value.
 */
export function checkCodexConfig(text: string): void {
  const file = parseToml(text);
  checkFields(file, FILE_FIELDS, []);
  const { openai_base_url: openAiUrl } = file;
  if (typeof openAiUrl === 'string') checkBaseUrl(openAiUrl, 'openai_base_url');
  const providers = tableAt(file, 'model_providers');
  for (const [id, provider] of Object.entries(providers)) checkProvider(id, provider);
  const named = file['model_provider'];
  if (typeof named === 'string' && !(named in providers) && !BUILT_IN.includes(named)) {
    const known = `a table [model_providers.…] of this file, or one of ${BUILT_IN.join(', ')}`;
    throw wrong('model_provider', `must name ${known}`);
  }
}

/** Of a file that was checked; without a file codex uses its own provider. */
export function credentialNeedOfCodex(text: string | undefined): CredentialNeed {
  const file = parsed(text ?? '');
  const id = file['model_provider'] ?? BUILT_IN[0];
  if (id === BUILT_IN[0]) return 'any-credential';
  const provider = typeof id === 'string' ? tableAt(file, 'model_providers')[id] : undefined;
  if (provider === undefined || !isTable(provider) || bringsItsOwn(provider)) return 'none';
  if (provider['requires_openai_auth'] === true) return 'any-credential';
  return 'env_key' in provider || 'auth' in provider ? 'api-key' : 'none';
}

function bringsItsOwn(provider: TomlTable): boolean {
  const headers = Object.keys(tableAt(provider, 'http_headers')).map((header) => header.toLowerCase());
  return 'experimental_bearer_token' in provider || headers.includes('authorization');
}

function checkProvider(id: string, provider: TomlValue): void {
  const path = ['model_providers', id];
  if (!isTable(provider)) throw wrong(pathOf(path), 'must be a table');
  if (BUILT_IN.includes(id))
    throw wrong(pathOf(path), 'is built into codex, which takes no other: give it another name');
  checkFields(provider, PROVIDER_FIELDS, path);
  const { base_url: baseUrl, wire_api: wireApi, env_key: envKey } = provider;
  if (typeof baseUrl === 'string') checkBaseUrl(baseUrl, pathOf([...path, 'base_url']));
  if (wireApi !== undefined && wireApi !== 'responses') {
    throw wrong(pathOf([...path, 'wire_api']), 'must be "responses", the only one that codex speaks');
  }
  if (typeof envKey === 'string' && !/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(envKey)) {
    throw wrong(pathOf([...path, 'env_key']), 'must be the name of an environment variable');
  }
}

function checkBaseUrl(baseUrl: string, path: string): void {
  if (!/^https?:\/\/[^/]/i.test(baseUrl) || !URL.canParse(baseUrl)) throw wrong(path, 'must be an http(s) URL');
  if (redactUrls(baseUrl) === baseUrl) return;
  throw wrong(path, 'must not hold credentials: set them with the credential of the profile');
}

function checkFields(table: TomlTable, fields: Readonly<Record<string, Check>>, path: readonly string[]): void {
  for (const [name, check] of Object.entries(fields)) {
    const value = table[name];
    const { wanted, holds } = CHECKS[check];
    if (value !== undefined && !holds(value)) throw wrong(pathOf([...path, name]), `must be ${wanted}`);
  }
}

function tableAt(table: TomlTable, name: string): TomlTable {
  const value = table[name];
  return value !== undefined && isTable(value) ? value : {};
}

function isTable(value: TomlValue): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

function isTableOfTexts(value: TomlValue): boolean {
  return isTable(value) && Object.values(value).every((entry) => typeof entry === 'string');
}

function isCount(value: TomlValue): boolean {
  return (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) && value >= 0;
}
