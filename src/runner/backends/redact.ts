import { redactUrls } from '../git.js';

/** A shorter one would cut words that have nothing to do with it. */
const LEAST_SECRET = 6;

/**
 * Cuts these credentials, and whatever looks like one in a URL, out of words that come from outside; and puts what people
 * know in place of names of ours.
 */
export function redactor(
  headers: Readonly<Record<string, string>>,
  names: Readonly<Record<string, string>> = {},
): (text: string) => string {
  const values = Object.values(headers).flatMap((value) => [value, value.replace(/^\S+ +/, '')]);
  const secrets = [...new Set(values)].filter((value) => value.length >= LEAST_SECRET);
  secrets.sort((a, b) => b.length - a.length);
  return (text) => {
    const named = Object.entries(names).reduce((rest, [ours, theirs]) => rest.replaceAll(ours, theirs), text);
    return redactUrls(secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), named));
  };
}
