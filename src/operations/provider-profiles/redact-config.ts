import { parse } from 'smol-toml';
import { isSecretName, looksSecret, REDACTED, redactUrls } from './secret-looks.js';
import { tomlSpans, type TomlSpan } from './toml-spans.js';

/** A configuration as it may be shown. */
export interface Redacted {
  readonly text: string;
  /** How many places are hidden. */
  readonly count: number;
}

const QUOTED = `"${REDACTED}"`;
const NOTHING_TO_SHOW = `# ${REDACTED}: what is secret in this file cannot be told apart\n`;

/** Tables whose entries people name as they like: such a name says nothing of what is in the entry. */
const NAMED_TABLES = new Set(['model_providers', 'mcp_servers', 'profiles', 'projects']);
/** Everything in a table of such a name is secret. */
const SECRET_TABLES = new Set(['http_headers', 'headers', 'env', 'set']);
/** These hold names of environment variables, not what is in them. */
const VARIABLE_NAMES = /^(env_key|api_key_env|env_http_headers|env_vars|.*_env_var)$/;
/** Sounds like one, and names a way to authenticate. */
const NO_SECRETS = new Set(['auth_method']);
/** As they are usually written; anything else there may be a value by mistake. */
const VARIABLE = /^[A-Z][A-Z0-9_]{0,31}$/;
const AMOUNT = /(tokens|limit|_ms|timeout|size|count|window)$/i;
/** Shorter ones may well stand in the text for something else. */
const LEAST_REPEATED = 8;

/**
 * The TOML text with what looks secret in it hidden: values by the names that lead to them and by themselves, logins and parameters
 * of URLs, comments. Comments, order and layout stay. `secrets` are hidden wherever they stand.
 */
export function redactConfig(text: string, secrets: readonly string[] = []): Redacted {
  try {
    assertToml(text);
    const spans = tomlSpans(text);
    const shown = spans.map((span) => shownAs(span, text.slice(span.start, span.end)));
    const hidden = spans.filter((_, index) => shown[index] === QUOTED).map((span) => span.text);
    const result = hideAll(replaced(text, spans, shown), [...hidden, ...secrets]);
    assertToml(result);
    return { text: result, count: result.split(REDACTED).length - 1 };
  } catch {
    return { text: NOTHING_TO_SHOW, count: 1 };
  }
}

function assertToml(text: string): void {
  parse(text, { integersAsBigInt: 'asNeeded' });
}

function replaced(text: string, spans: readonly TomlSpan[], shown: readonly string[]): string {
  let at = 0;
  const parts = spans.map((span, index) => {
    const before = text.slice(at, span.start);
    at = span.end;
    return before + (shown[index] ?? '');
  });
  return parts.join('') + text.slice(at);
}

/** The longest first, so that no part of one is left over. */
function hideAll(text: string, secrets: readonly string[]): string {
  const repeated = [...new Set(secrets)]
    .filter(({ length }) => length >= LEAST_REPEATED)
    .sort((a, b) => b.length - a.length);
  return repeated.reduce((shown, secret) => shown.replaceAll(secret, REDACTED), text);
}

function shownAs(span: TomlSpan, raw: string): string {
  switch (span.kind) {
    case 'comment':
      return shownComment(raw);
    case 'key':
      return looksSecret(span.text) || redactUrls(span.text) !== span.text ? QUOTED : raw;
    case 'bare':
      return isSecretBare(span) ? QUOTED : raw;
    case 'string':
      return shownString(span, raw);
  }
}

function shownString(span: TomlSpan, raw: string): string {
  if (isSecretPath(span) || followsSecretFlag(span)) return QUOTED;
  const shown = redactUrls(span.text);
  if (looksSecret(shown.replaceAll(REDACTED, ''))) return QUOTED;
  if (shown === span.text) return raw;
  // In an escaped text the places are not where they are in what it says.
  return raw.includes(span.text) ? raw.replace(span.text, () => shown) : QUOTED;
}

function isSecretBare(span: TomlSpan): boolean {
  const name = span.path.at(-1) ?? '';
  return !/^(true|false)$/.test(span.text) && !AMOUNT.test(name) && isSecretPath(span);
}

function isSecretPath({ path, text }: TomlSpan): boolean {
  return path.some((name, index) => {
    if (index === 1 && NAMED_TABLES.has(path[0] ?? '')) return false;
    if (VARIABLE_NAMES.test(name)) return !VARIABLE.test(text);
    if (NO_SECRETS.has(name)) return false;
    // Of `env_http_headers` the keys are headers.
    if (VARIABLE_NAMES.test(path[index - 1] ?? '')) return false;
    return SECRET_TABLES.has(name) || isSecretName(name);
  });
}

/** `["--api-key", "…"]` */
function followsSecretFlag({ previous }: TomlSpan): boolean {
  return previous !== undefined && previous.startsWith('-') && isSecretName(previous);
}

function shownComment(raw: string): string {
  const shown = redactUrls(raw);
  const cut = shown.replace(
    /(?<![A-Za-z0-9_.-])([A-Za-z0-9_.-]+)(["']?\s*[=:]\s*)(.+)$/,
    (whole, name: string, mark: string) => (isSecretName(name) ? `${name}${mark}${REDACTED}` : whole),
  );
  return looksSecret(cut.replaceAll(REDACTED, '')) ? `# ${REDACTED}` : cut;
}
