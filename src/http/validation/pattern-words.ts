import { NAME_PATTERN } from '../../contract/common.js';
import { CRON_PATTERN, TIME_ZONE_PATTERN } from '../../contract/schedule.js';
import { WEBHOOK_SECRET_PATTERN, WEBHOOK_URL_PATTERN } from '../../contract/webhook.js';
import { SESSION_ID_PATTERN } from '../../domain/ids.js';

/** Patterns that people meet, in words. */
const WORDS: Readonly<Record<string, string>> = {
  [NAME_PATTERN]: 'must begin with a letter or digit and hold only letters, digits and . _ : @ / + - (128 at most)',
  [SESSION_ID_PATTERN]: 'must begin with a letter or digit and hold only letters, digits and . _ : - (128 at most)',
  [CRON_PATTERN]:
    'must be five fields (minute, hour, day of month, month, day of week), six with a year, seven with seconds before all, or a word such as @daily',
  [TIME_ZONE_PATTERN]: 'must be a name of the tz database, such as Europe/Berlin',
  [WEBHOOK_URL_PATTERN]: 'must begin with http:// or https:// and a host, and hold no space',
  [WEBHOOK_SECRET_PATTERN]: 'must be 24 to 256 printable characters without a space',
};

/** What a text must be that does not match. */
export function patternWords(pattern: string): string {
  return WORDS[pattern] ?? `must match the pattern ${pattern}`;
}
