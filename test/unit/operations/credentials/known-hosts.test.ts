import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AgentRunError } from '../../../../src/domain/errors.js';
import { GITHUB_KNOWN_HOSTS } from '../../../../src/domain/github-host-keys.js';
import { readKnownHosts } from '../../../../src/operations/credentials/known-hosts.js';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
const BLOB = KEY.split(' ')[1] ?? '';
const HASHED = '|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=';

describe('known hosts', () => {
  for (const line of [
    `git.example.com ${KEY}`,
    `git.example.com,10.0.0.1,*.example.com,!bad.example.com,host-? ${KEY}`,
    `[git.example.com]:2222,[2001:db8::1]:22,2001:db8::2 ${KEY}`,
    `${HASHED} ${KEY}`,
    `@cert-authority *.example.com ${KEY} a comment`,
    `@revoked * ${KEY}`,
    `git.example.com\t${KEY} comment with words`,
    `  git.example.com   ${KEY}  `,
  ]) {
    it(`may say: ${line.replace(BLOB, '…')}`, () => {
      assert.deepEqual(readKnownHosts(line), { text: `${line.trim()}\n`, count: 1 });
    });
  }

  it('have comments and blank lines, which do not count, and end with a line end', () => {
    const text = `# git.example.com:22 SSH-2.0\r\na.example.com ${KEY}\r\n\r\nb.example.com ${KEY}`;
    const expected = `# git.example.com:22 SSH-2.0\na.example.com ${KEY}\n\nb.example.com ${KEY}\n`;
    assert.deepEqual(readKnownHosts(text), { text: expected, count: 2 });
  });

  it('are those of github.com where none are given', () => {
    assert.deepEqual(readKnownHosts(GITHUB_KNOWN_HOSTS), { text: GITHUB_KNOWN_HOSTS, count: 3 });
    assert.ok(GITHUB_KNOWN_HOSTS.split('\n').every((line) => line === '' || line.startsWith('github.com ')));
  });

  for (const [what, line, why] of [
    ['no key', 'git.example.com', /must have hosts, a key type and a key/],
    ['a key without hosts', KEY, /must have hosts, a key type and a key/],
    ['another marker', `@trusted git.example.com ${KEY}`, /the marker must be @cert-authority or @revoked/],
    ['a marker and no key', `@revoked git.example.com`, /must have hosts/],
    ['a host with odd characters', `git.example.com;rm ${KEY}`, /patterns separated by commas/],
    ['an empty host', `git.example.com,, ${KEY}`, /patterns separated by commas/],
    ['a hash that is cut', `|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y= ${KEY}`, /hashed name/],
    ['a type that is none', `git.example.com ssh-dss ${BLOB}`, /the key type must be one of ssh-ed25519, /],
    ['a key of another type', `git.example.com ssh-rsa ${BLOB}`, /not a whole ssh-rsa key/],
    ['a key that is cut', `git.example.com ${KEY.slice(0, -8)}`, /not a whole ssh-ed25519 key/],
    ['a key that is no base64', `git.example.com ssh-ed25519 AAAA*`, /not a whole ssh-ed25519 key/],
    ['a key of a type alone', 'git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5', /not a whole ssh-ed25519 key/],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----', /key type must be one of/],
  ] as const) {
    it(`are refused with ${what}, naming the line`, () => {
      assert.throws(
        () => readKnownHosts(`# one\nok.example.com ${KEY}\n${line}\n`),
        (error: unknown) => {
          assert.ok(error instanceof AgentRunError);
          assert.deepEqual(error.details, { field: 'knownHosts', line: 3 });
          assert.match(error.message, /^knownHosts line 3: /);
          assert.match(error.message, why);
          return true;
        },
      );
    });
  }

  for (const none of ['', '\n\n', '# nothing but a comment\n']) {
    it(`are refused with no host: ${JSON.stringify(none)}`, () => {
      assert.throws(() => readKnownHosts(none), /knownHosts must name a host, or be left out/);
    });
  }
});
