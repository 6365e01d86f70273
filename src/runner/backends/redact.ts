import { redactUrls } from '../git.js';
import { secretsCutter } from '../provider-proxy/secrets.js';

/**
 * Cuts these secrets, and whatever looks like a credential in a URL, out of words that come from outside; and puts what people
 * know in place of names of ours.
 */
export function redactor(
  secrets: readonly string[],
  names: Readonly<Record<string, string>> = {},
): (text: string) => string {
  const cutSecrets = secretsCutter(secrets);
  return (text) => {
    const named = Object.entries(names).reduce((rest, [ours, theirs]) => rest.replaceAll(ours, theirs), text);
    return redactUrls(cutSecrets(named));
  };
}
