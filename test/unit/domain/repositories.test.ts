import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { allowedRepositories, isRepositoryEntry } from '../../../src/domain/repositories.js';

describe('the repositories that runs may name', () => {
  it('are any where none are listed', () => {
    assert.equal(allowedRepositories(undefined)('http://10.0.0.1/x.git'), true);
    assert.equal(allowedRepositories([])('https://git.example.com/acme/site.git'), false);
  });

  it('are those listed, as they are written or by what they begin with', () => {
    const allows = allowedRepositories([
      'https://git.example.com/acme/*',
      'git@git.example.com:acme/*',
      '/srv/one.git',
    ]);
    const may = [
      'https://git.example.com/acme/site.git',
      'https://git.example.com/acme/deep/er/site',
      'git@git.example.com:acme/site.git',
      'https://git.example.com/acme/a..b.git',
      '/srv/one.git',
    ];
    for (const repoUrl of may) assert.equal(allows(repoUrl), true, repoUrl);
    const mayNot = [
      'https://git.example.com/acme',
      'https://git.example.com/acme-evil/site.git',
      'https://git.example.com.evil.org/acme/site.git',
      'http://git.example.com/acme/site.git',
      'http://169.254.169.254/latest/meta-data',
      'git@git.example.com:evil/site.git',
      '/srv/one.git/two',
      'https://git.example.com/acme/../evil/site.git',
      'https://git.example.com/acme/%2e%2E/evil/site.git',
      'https://git.example.com/acme/x%2f..%2f..%2fevil/site.git',
      'https://git.example.com/acme/..\\evil/site.git',
      'https://git.example.com/acme/..',
      'https://git.example.com/acme/..;/evil/site.git',
      'https://git.example.com/acme/..%3bx/evil/site.git',
      'git@git.example.com:acme/../evil/site.git',
    ];
    for (const repoUrl of mayNot) assert.equal(allows(repoUrl), false, repoUrl);
  });

  it('are listed by what does not end within a name', () => {
    const right = ['https://git.example.com/*', 'git@git.example.com:*', 'file:///srv/mirrors/*', '/srv/one.git'];
    for (const entry of right) assert.equal(isRepositoryEntry(entry), true, entry);
    for (const entry of [
      '*',
      'https://*',
      'https://git.example*',
      'https://*.example.com/*',
      'https:*',
      'file:*',
      'a b',
      '',
    ])
      assert.equal(isRepositoryEntry(entry), false, entry);
  });
});
