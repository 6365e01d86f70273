/** A shorter one would cut words that have nothing to do with it. */
const LEAST_SECRET = 6;

/** A shorter one may stand in for the key of a provider that asks for none, and be a word of any answer: `ollama`, `not-needed`. */
const LEAST_KEY = 16;
/** Headers and parameters whose value opens something; others say who asks, and of which version. */
const OPENS = /authori[sz]ation|key$|token|secret|password|credential|signature|^(code|sig)$/i;

/** Named values that a provider is sent. */
interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

/** What a provider is sent in secret: whole headers, and the credential in one without its scheme. */
export function secretsOf({ headers, query }: Sent): string[] {
  const ofHeaders = Object.values(headers).flatMap((value) => [value, value.replace(/^\S+ +/, '')]);
  return [...ofHeaders, ...Object.values(query)];
}

/** The keys among them, without their scheme, as they may stand in an answer that was granted: there what is no key is left alone. */
export function keysOf({ headers, query }: Sent): string[] {
  const named = [...Object.entries(headers), ...Object.entries(query)].filter(([name]) => OPENS.test(name));
  const keys = named.map(([, value]) => value.replace(/^\S+ +/, ''));
  return formsOf(keys.filter(({ length }) => length >= LEAST_KEY));
}

/** Cuts secrets out of words from outside: as they are, and as URLs and JSON write them. */
export function secretsCutter(secrets: readonly string[]): (text: string) => string {
  const forms = formsOf(secrets.filter(({ length }) => length >= LEAST_SECRET));
  return (text) => forms.reduce((rest, value) => rest.replaceAll(value, '***'), text);
}

/** The longest first, so that no part of one is left over. */
function formsOf(values: readonly string[]): string[] {
  const forms = values.flatMap((value) => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]);
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}
