import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { sshHost } from '../../../src/domain/ssh-url.js';
import { toolCredentialRefs, type ToolCredentialUse } from '../../../src/domain/tool-credentials.js';

const GITHUB_SSH = [{ kind: 'tool-credential', name: 'github-ssh' }];
const git = (repoUrl: string) => ({ kind: 'git', repoUrl });
const lent = (toolCredentials: unknown) =>
  ({ secretScope: { toolCredentials } }) as ToolCredentialUse['executionPolicy'];

describe('the host that git reaches by ssh', () => {
  for (const [repoUrl, host] of [
    ['ssh://git@git.example.com:2222/acme/site.git', 'git.example.com'],
    ['ssh://git.example.com/acme/site.git', 'git.example.com'],
    ['ssh://git@[2001:db8::1]:22/site.git', '[2001:db8::1]'],
    ['git@github.com:acme/site.git', 'github.com'],
    ['https://git@github.com/acme/site.git', undefined],
    ['git://git.example.com/site.git', undefined],
    ['/srv/a@b:c/site.git', undefined],
    ['file:///srv/a@b:c/site.git', undefined],
    ['', undefined],
  ] as const) {
    it(`of ${JSON.stringify(repoUrl)} is ${host ?? 'none'}`, () => assert.equal(sshHost(repoUrl), host));
  }
});

describe('the tool credentials that a runner is handed', () => {
  for (const [what, run, refs] of [
    ['none of a run that needs none', { workspaceRef: { kind: 'none' }, executionPolicy: {} }, []],
    ['none for a clone by https', { workspaceRef: git('https://github.com/a/b'), executionPolicy: {} }, []],
    ['the ssh key for a clone by ssh', { workspaceRef: git('git@github.com:a/b'), executionPolicy: {} }, GITHUB_SSH],
    [
      'none for an ssh URL that is not cloned',
      { workspaceRef: { ...git('git@github.com:a/b'), kind: 'path' }, executionPolicy: {} },
      [],
    ],
    ['what the policy names', { workspaceRef: { kind: 'none' }, executionPolicy: lent(['github-ssh']) }, GITHUB_SSH],
    ['none where the policy names none', { workspaceRef: { kind: 'none' }, executionPolicy: lent([]) }, []],
    [
      'none where the policy says something else',
      { workspaceRef: { kind: 'none' }, executionPolicy: lent('github-ssh') },
      [],
    ],
    ['each once', { workspaceRef: git('ssh://git@h/a'), executionPolicy: lent(['github-ssh']) }, GITHUB_SSH],
  ] as [string, ToolCredentialUse, unknown][]) {
    it(`are ${what}`, () => assert.deepEqual(toolCredentialRefs(run), refs));
  }
});
