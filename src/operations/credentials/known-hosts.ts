import { invalid } from '../../domain/errors.js';

const FIELD = 'knownHosts';
const KEY_TYPES = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];
const MARKERS = ['@cert-authority', '@revoked'];
const HASHED = /^\|1\|[A-Za-z0-9+/]{27}=\|[A-Za-z0-9+/]{27}=$/;
const PATTERN = /^!?(\[[A-Za-z0-9._:*?%-]+\]:\d{1,5}|[A-Za-z0-9._:*?%-]+)$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

export interface KnownHosts {
  /** As a file: LF, and one at the end. */
  readonly text: string;
  /** Lines with a key. */
  readonly count: number;
}

/**
 * Reads lines of a known hosts file, comments and blank ones among them.
 * @throws schema-invalid naming the first line that is wrong by its number, from 1, without repeating it
 */
export function readKnownHosts(given: string): KnownHosts {
  const lines = given
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim());
  let count = 0;
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const problem = problemOf(line.split(/[ \t]+/));
    if (problem !== undefined) {
      throw invalid(FIELD, `${FIELD} line ${index + 1}: ${problem}`, { line: index + 1 });
    }
    count += 1;
  }
  if (count === 0) throw invalid(FIELD, `${FIELD} must name a host, or be left out: then github.com is known`);
  return { text: `${lines.join('\n').trim()}\n`, count };
}

function problemOf(words: readonly string[]): string | undefined {
  const isMarked = words[0]?.startsWith('@') ?? false;
  if (isMarked && !MARKERS.includes(words[0] ?? '')) return `the marker must be ${MARKERS.join(' or ')}`;
  const [hosts, type, key] = isMarked ? words.slice(1) : words;
  if (hosts === undefined || type === undefined || key === undefined) {
    return 'it must have hosts, a key type and a key';
  }
  if (!HASHED.test(hosts) && !hosts.split(',').every((host) => PATTERN.test(host))) {
    return 'the hosts must be patterns separated by commas, or a hashed name';
  }
  if (!KEY_TYPES.includes(type)) return `the key type must be one of ${KEY_TYPES.join(', ')}`;
  return isPublicKey(key, type) ? undefined : `the key is not a whole ${type} key in base64`;
}

/** A key is a row of fields, each with its length before it; the first says what it is. */
function isPublicKey(text: string, type: string): boolean {
  if (!BASE64.test(text)) return false;
  const blob = Buffer.from(text, 'base64');
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length;) {
    const end = at + 4 <= blob.length ? at + 4 + blob.readUInt32BE(at) : Infinity;
    if (end > blob.length) return false;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields.length > 1 && fields[0]?.toString('latin1') === type;
}
