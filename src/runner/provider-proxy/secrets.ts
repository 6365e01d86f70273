/** A shorter one would cut words that have nothing to do with it. */
const LEAST_SECRET = 6;

/** Cuts what a provider is sent in secret out of words from outside: as it is, and as URLs and JSON write it. */
export function secretsCutter(secret: {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}): (text: string) => string {
  const ofHeaders = Object.values(secret.headers).flatMap((value) => [value, value.replace(/^\S+ +/, '')]);
  const values = [...ofHeaders, ...Object.values(secret.query)].filter(({ length }) => length >= LEAST_SECRET);
  const forms = values.flatMap((value) => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]);
  // The longest first, so that no part of one is left over.
  const secrets = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((rest, value) => rest.replaceAll(value, '***'), text);
}
