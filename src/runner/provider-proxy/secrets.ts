/** A shorter one would cut words that have nothing to do with it. */
const LEAST_SECRET = 6;

/** What a provider is sent in secret: whole headers, and the credential in one without its scheme. */
export function secretsOf({ headers, query }: Record<'headers' | 'query', Readonly<Record<string, string>>>): string[] {
  const ofHeaders = Object.values(headers).flatMap((value) => [value, value.replace(/^\S+ +/, '')]);
  return [...ofHeaders, ...Object.values(query)];
}

/** Cuts secrets out of words from outside: as they are, and as URLs and JSON write them. */
export function secretsCutter(secrets: readonly string[]): (text: string) => string {
  const long = secrets.filter(({ length }) => length >= LEAST_SECRET);
  const forms = long.flatMap((value) => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]);
  // The longest first, so that no part of one is left over.
  const sorted = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => sorted.reduce((rest, value) => rest.replaceAll(value, '***'), text);
}
