import sshpk, { type PrivateKey } from 'sshpk';
import { invalid } from '../../domain/errors.js';

const FIELD = 'privateKey';
const MIN_RSA_BITS = 2_048;
const CURVES = ['nistp256', 'nistp384', 'nistp521'];
const COMMENT_LENGTH = 200;
const BLOCK = /^-----BEGIN ([A-Z0-9 ]+)-----$/;
const PUBLIC_LINE = /^(ssh-|ecdsa-|sk-)\S+ AAAA/;

/** What may be told of a key. */
export interface KeyFacts {
  readonly type: 'rsa' | 'ecdsa' | 'ed25519';
  readonly bits: number;
  readonly curve: string | null;
  /** As `ssh-keygen -l` prints it: `SHA256:…`. */
  readonly fingerprint: string;
  readonly comment: string | null;
}

export interface SshPrivateKey {
  /** The key as OpenSSH's client reads it from a file. */
  readonly text: string;
  readonly facts: KeyFacts;
}

/**
 * Reads a key as people paste it: indented, with CRLF, with blank lines around it.
 * @throws schema-invalid naming the field and what is wrong; nothing of the key is repeated
 */
export function readSshPrivateKey(given: string): SshPrivateKey {
  const { label, lines } = privateBlock(given);
  const key = parse(`${lines.join('\n')}\n`, label);
  assertTaken(key);
  assertWhole(key);
  // OpenSSH before 9.6 reads no Ed25519 key in the form of PKCS #8.
  const isUnreadable = label === 'PRIVATE KEY' && key.type === 'ed25519';
  const text = isUnreadable ? `${key.toString('openssh').trim()}\n` : `${lines.join('\n')}\n`;
  return { text, facts: factsOf(key, label) };
}

function privateBlock(given: string): { label: string; lines: string[] } {
  const lines = given
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim());
  const begins = lines.flatMap((line, index) => (BLOCK.exec(line)?.[1]?.endsWith('PRIVATE KEY') ? [index] : []));
  const [begin] = begins;
  if (begin === undefined) throw notPrivate(lines);
  if (begins.length > 1) throw wrong('holds more than one key');
  const label = BLOCK.exec(lines[begin] ?? '')?.[1] ?? '';
  const end = lines.indexOf(`-----END ${label}-----`, begin);
  if (end === -1) throw wrong('is cut off: the line that ends it is missing');
  return { label, lines: lines.slice(begin, end + 1) };
}

function notPrivate(lines: readonly string[]): Error {
  const isPublic = (line: string) => PUBLIC_LINE.test(line) || /^-+ ?BEGIN .*PUBLIC KEY ?-+$/.test(line);
  if (lines.some(isPublic)) return wrong('is a public key: give the private one, from the file without .pub');
  if (lines.some((line) => line.startsWith('PuTTY-User-Key-File-'))) {
    return wrong("is in PuTTY's form: export it in OpenSSH's (puttygen key.ppk -O private-openssh)");
  }
  return wrong('is not a private key in PEM or OpenSSH form (-----BEGIN … PRIVATE KEY-----)');
}

/** The parser's own messages may quote the key: they go no further. */
function parse(text: string, label: string): PrivateKey {
  try {
    return sshpk.parsePrivateKey(text, label === 'OPENSSH PRIVATE KEY' ? 'ssh-private' : 'pem');
  } catch (error) {
    if (error instanceof sshpk.KeyEncryptedError) {
      throw wrong('is protected by a passphrase, which nobody could type: give one without (ssh-keygen -p removes it)');
    }
    throw wrong('does not parse: it is damaged, or of a kind that is not known');
  }
}

function assertTaken({ type, size, curve }: PrivateKey): void {
  if (type === 'dsa') throw wrong('is a DSA key, which ssh servers no longer take: make an Ed25519 one');
  if (type === 'rsa' && size < MIN_RSA_BITS) {
    throw wrong(`is an RSA key of ${size} bits: it must have at least ${MIN_RSA_BITS}`);
  }
  const isKnown = type === 'rsa' || type === 'ed25519' || (type === 'ecdsa' && CURVES.includes(curve ?? ''));
  if (!isKnown) throw wrong('is of a kind that ssh servers do not take: it must be RSA, ECDSA or Ed25519');
}

/** A damaged key may parse. One that signs what its public half confirms is whole. */
function assertWhole(key: PrivateKey): void {
  try {
    if (signsWhatItVerifies(key) && (key.type !== 'rsa' || isWholeRsa(key))) return;
  } catch {
    // Told below.
  }
  throw wrong('is damaged: its private and its public half do not belong together');
}

function signsWhatItVerifies(key: PrivateKey): boolean {
  const signer = key.createSign('sha512');
  signer.update('whole');
  const verifier = key.toPublic().createVerify('sha512');
  verifier.update('whole');
  return verifier.verify(signer.sign());
}

/** Signing gets by with either half of the numbers: whether they belong together has to be reckoned. */
function isWholeRsa({ parts }: PrivateKey): boolean {
  const number = (name: string) => BigInt(`0x${parts.find((part) => part.name === name)?.data.toString('hex') ?? ''}`);
  const [n, e, d] = ['n', 'e', 'd'].map(number) as [bigint, bigint, bigint];
  const [p, q, iqmp] = ['p', 'q', 'iqmp'].map(number) as [bigint, bigint, bigint];
  return p * q === n && (e * d) % (p - 1n) === 1n && (e * d) % (q - 1n) === 1n && (iqmp * q) % p === 1n;
}

function factsOf(key: PrivateKey, label: string): KeyFacts {
  // Only OpenSSH's own form has a comment; the parser makes one up for the others.
  const comment = label === 'OPENSSH PRIVATE KEY' ? shown(key.comment ?? '') : '';
  return {
    type: key.type as KeyFacts['type'],
    bits: key.size,
    curve: key.curve ?? null,
    fingerprint: key.fingerprint('sha256').toString(),
    comment: comment === '' ? null : comment,
  };
}

function shown(comment: string): string {
  return comment.replace(/\p{C}/gu, '').trim().slice(0, COMMENT_LENGTH);
}

function wrong(what: string): Error {
  return invalid(FIELD, `${FIELD} ${what}`);
}
