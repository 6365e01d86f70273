import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { AgentRunError } from '../../../../src/domain/errors.js';
import { readSshPrivateKey } from '../../../../src/operations/credentials/ssh-private-key.js';

const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;

describe('an ssh private key', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'agentrun-keys-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let count = 0;

  /** As people make them; answers the files' text. */
  function keygen(...options: string[]): { private: string; public: string } {
    const file = join(folder, `key-${(count += 1)}`);
    execFileSync('ssh-keygen', ['-q', '-N', '', '-C', 'me@example.com', '-f', file, ...options], { stdio: 'pipe' });
    return { private: readFileSync(file, 'utf8'), public: readFileSync(`${file}.pub`, 'utf8') };
  }

  /** What ssh-keygen makes of a key. */
  function asked(text: string, ...options: string[]): string {
    const file = join(folder, `asked-${(count += 1)}`);
    writeFileSync(file, text, { mode: 0o600 });
    return execFileSync('ssh-keygen', [...options, '-f', file], { encoding: 'utf8', stdio: 'pipe' }).trim();
  }

  for (const [what, options, facts] of [
    ['Ed25519', ['-t', 'ed25519'], { type: 'ed25519', bits: 256, curve: 'curve25519' }],
    ['RSA of 2048 bits', ['-t', 'rsa', '-b', '2048'], { type: 'rsa', bits: 2048, curve: null }],
    ['ECDSA on P-256', ['-t', 'ecdsa', '-b', '256'], { type: 'ecdsa', bits: 256, curve: 'nistp256' }],
    ['ECDSA on P-521', ['-t', 'ecdsa', '-b', '521'], { type: 'ecdsa', bits: 521, curve: 'nistp521' }],
  ] as const) {
    for (const form of ['RFC4716', 'PEM', 'PKCS8']) {
      it(`is taken as ${what} in ssh-keygen's form ${form}, and told as ssh-keygen tells it`, () => {
        const made = keygen(...options, '-m', form);
        const read = readSshPrivateKey(made.private);
        assert.deepEqual(read.text, made.private);
        const { fingerprint, comment, ...rest } = read.facts;
        assert.deepEqual(rest, facts);
        assert.ok(asked(made.public, '-l').startsWith(`${facts.bits} ${fingerprint} `));
        assert.equal(comment, made.private.includes('OPENSSH') ? 'me@example.com' : null);
      });
    }
  }

  it('of Ed25519 in the form of PKCS #8, which older clients cannot read, is kept in the form of OpenSSH', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const { text, facts } = readSshPrivateKey(String(privateKey.export(pkcs8)));
    assert.match(text, /^-----BEGIN OPENSSH PRIVATE KEY-----\n[^]+\n-----END OPENSSH PRIVATE KEY-----\n$/);
    assert.deepEqual([facts.type, facts.comment], ['ed25519', null]);
    const publicLine = asked(text, '-y');
    assert.ok(asked(`${publicLine}\n`, '-l').includes(` ${facts.fingerprint} `));
    assert.deepEqual(readSshPrivateKey(text).facts.fingerprint, facts.fingerprint);
  });

  it('is taken as people paste it: CRLF, indented, without a final line end, after parameters', () => {
    const { private: text } = keygen('-t', 'ed25519');
    const pasted = [
      text.replaceAll('\n', '\r\n'),
      `\n\n${text.replaceAll(/^/gm, '    ')}\n`,
      text.trimEnd(),
      `\uFEFF${text}`,
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${text}`,
    ];
    for (const one of pasted) assert.equal(readSshPrivateKey(one).text, text);
  });

  it('tells a comment without what could fool a terminal', () => {
    const { facts } = readSshPrivateKey(keygen('-t', 'ed25519', '-C', `a\u001b[2Jb${'c'.repeat(300)}`).private);
    assert.equal(facts.comment, `a[2Jb${'c'.repeat(195)}`);
  });

  const damaged = (text: string) => {
    const lines = text.split('\n');
    const at = Math.floor(lines.length / 2);
    lines[at] = (lines[at] ?? '').replace(/[a-z]/g, (letter) => (letter === 'a' ? 'b' : 'a'));
    return lines.join('\n');
  };
  const node = (type: 'rsa' | 'dsa', modulusLength: number) =>
    String(generateKeyPairSync(type as 'rsa', { modulusLength }).privateKey.export(pkcs8));
  const encrypted = { ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'secret' };
  const passphrase = ['-t', 'ed25519', '-N', 'secret'];

  const REFUSED: [what: string, text: () => string, why: RegExp][] = [
    ['is text', () => 'not a key', /is not a private key in PEM or OpenSSH form/],
    ['is blank', () => ' \n', /is not a private key in PEM or OpenSSH form/],
    ['is a public key', () => keygen('-t', 'ed25519').public, /is a public key/],
    [
      'is a public key in PEM',
      () => String(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })),
      /is a public key/,
    ],
    ['is a passphrase-protected OpenSSH key', () => keygen(...passphrase).private, /passphrase/],
    ['is a passphrase-protected PEM key', () => keygen('-t', 'rsa', '-m', 'PEM', '-N', 'secret').private, /passphrase/],
    [
      'is a passphrase-protected PKCS #8 key',
      () => String(generateKeyPairSync('ed25519').privateKey.export(encrypted)),
      /passphrase/,
    ],
    ['is a DSA key', () => node('dsa', 1024), /is a DSA key/],
    ['is a short RSA key', () => node('rsa', 1024), /is an RSA key of 1024 bits: it must have at least 2048/],
    [
      'is on a curve that ssh does not know',
      () => String(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export(pkcs8)),
      /does not parse: it is damaged, or of a kind that is not known/,
    ],
    ['is damaged', () => damaged(keygen('-t', 'rsa').private), /does not parse|is damaged/],
    ['is damaged in PEM', () => damaged(keygen('-t', 'rsa', '-m', 'PEM').private), /does not parse|is damaged/],
    ['is cut off', () => keygen('-t', 'ed25519').private.slice(0, 250), /is cut off/],
    ['has no body', () => '-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n', /does not parse/],
    ['is two keys', () => keygen('-t', 'ed25519').private + keygen('-t', 'ed25519').private, /more than one key/],
    ["is in PuTTY's form", () => 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n', /PuTTY/],
  ];
  for (const [what, text, why] of REFUSED) {
    it(`is refused where it ${what}, without a word of it`, () => {
      const given = text();
      assert.throws(
        () => readSshPrivateKey(given),
        (error: unknown) => {
          assert.ok(error instanceof AgentRunError);
          assert.deepEqual([error.failureKind, error.details], ['schema-invalid', { field: 'privateKey' }]);
          assert.match(error.message, why);
          assert.match(error.message, /^privateKey /);
          for (const line of given.split('\n').filter((one) => one.length > 20 && !one.startsWith('-')))
            assert.ok(!JSON.stringify([error.message, error.stack, error.cause]).includes(line));
          return true;
        },
      );
    });
  }
});
