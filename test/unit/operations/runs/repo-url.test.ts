import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AgentRunError } from '../../../../src/domain/errors.js';
import { assertNoCredentials } from '../../../../src/operations/runs/repo-url.js';

const REFUSED = [
  'https://user:s3cr3t@git.example.com/acme/site.git',
  'https://s3cr3t@git.example.com/acme/site.git',
  'http://:s3cr3t@git.example.com/acme/site.git',
  'https:///user:s3cr3t@git.example.com/acme/site.git',
  'https://user:s3@cr3t@git.example.com/acme/site.git',
  'ssh://git:s3cr3t@git.example.com/acme/site.git',
  'ssh://git%3As3cr3t@git.example.com/acme/site.git',
  'git://user:s3cr3t@git.example.com/acme/site.git',
  'https://git.example.com/acme/site.git?token=s3cr3t',
  'https://git.example.com/acme/site.git?depth=1&access_token=s3cr3t',
  'https://git.example.com/acme/site.git?PASSWORD=s3cr3t',
  'https://git.example.com/acme/site.git?%74oken=s3cr3t',
  'https://git.example.com/acme/site.git#private_token=s3cr3t',
];

const ACCEPTED = [
  'https://git.example.com/acme/site.git',
  'https://git.example.com:8443/acme/@scope/site.git?ref=token',
  'ssh://git@git.example.com:2222/acme/site.git',
  'ssh://git.example.com/acme/site.git',
  'git@git.example.com:acme/site.git',
  'git://git.example.com/acme/tokens.git',
  'file:///srv/git/a:b@c/site.git',
  '/srv/git/site.git',
];

describe('the URL of a repository', () => {
  for (const repoUrl of REFUSED) {
    it(`is refused with credentials in it: ${repoUrl}`, () => {
      assert.throws(
        () => assertNoCredentials(repoUrl),
        (error: unknown) => {
          assert.ok(error instanceof AgentRunError);
          assert.deepEqual([error.failureKind, error.details], ['schema-invalid', { field: 'workspaceRef.repoUrl' }]);
          assert.match(error.message, /^workspaceRef\.repoUrl must .* the runner's own git configuration$/);
          return true;
        },
      );
    });
  }

  for (const repoUrl of ACCEPTED) {
    it(`is taken without: ${repoUrl}`, () => assertNoCredentials(repoUrl));
  }
});
