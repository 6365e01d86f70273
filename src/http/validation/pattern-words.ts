import { NAME_PATTERN } from '../../contract/common.js';
import { SESSION_ID_PATTERN } from '../../domain/ids.js';

/** Patterns that people meet, in words. */
const WORDS: Readonly<Record<string, string>> = {
  [NAME_PATTERN]: 'must begin with a letter or digit and hold only letters, digits and . _ : @ / + - (128 at most)',
  [SESSION_ID_PATTERN]: 'must begin with a letter or digit and hold only letters, digits and . _ : - (128 at most)',
};

/** What a text must be that does not match. */
export function patternWords(pattern: string): string {
  return WORDS[pattern] ?? `must match the pattern ${pattern}`;
}
