import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli, UpStack } from '../support/cli.js';
import { makeSshKey, secretLineOf } from '../support/ssh-git-server.js';

describe('agentrun credential, against `agentrun up`', () => {
  const key = makeSshKey('deploy@example.com');
  let stack: UpStack;
  let folder: string;
  let keyFile: string;

  before(async function () {
    this.timeout(120_000);
    folder = await mkdtemp(join(tmpdir(), 'agentrun-credential-'));
    keyFile = join(folder, 'id_ed25519');
    await writeFile(keyFile, key.private, { mode: 0o600 });
    stack = await UpStack.start();
  });
  after(async () => {
    await stack.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('lists and shows what is not set yet', async () => {
    const list = await stack.run('credential', 'list');
    assert.equal(list.code, 0, list.stderr);
    assert.equal(list.stdout, 'github-ssh\tnot set\t\t\t\t\t0\t\n');
    assert.equal((await stack.json('credential', 'show', 'github-ssh')).configured, false);
  });

  it('sets a key from a file, tells its fingerprint and never the key', async () => {
    const set = await stack.run('credential', 'set', 'github-ssh', '--key-file', keyFile);
    assert.equal(set.code, 0, set.stderr);
    assert.match(set.stdout, /^github-ssh\tset\ted25519\t256\tSHA256:\S{43}\tdeploy@example\.com\t3\t/);
    const show = await stack.run('credential', 'show', 'github-ssh');
    assert.equal(show.stdout, set.stdout);
    for (const { stdout, stderr } of [set, show]) assert.ok(!(stdout + stderr).includes(secretLineOf(key)));
  });

  it('sets a key from standard input, with known hosts', async () => {
    const hosts = join(folder, 'known_hosts');
    await writeFile(hosts, `git.example.com ${makeSshKey().public}\n`);
    const args = ['credential', 'set', 'github-ssh', '--key-file', '-', '--known-hosts', hosts, '--json'];
    const { code, stdout, stderr } = await cli(args, stack.environment, makeSshKey('other').private);
    assert.equal(code, 0, stderr);
    const set = JSON.parse(stdout);
    assert.deepEqual([set.comment, set.knownHostsCount, set.knownHostsSource], ['other', 1, 'given']);
    assert.deepEqual(await stack.json('credential', 'list'), [set]);
  });

  it('says why a file is no key, and that a name is none', async () => {
    await writeFile(`${keyFile}.pub`, key.public);
    const bad = await stack.run('credential', 'set', 'github-ssh', '--key-file', `${keyFile}.pub`);
    assert.deepEqual([bad.code, bad.stdout], [1, '']);
    assert.match(bad.stderr, /privateKey is a public key: give the private one/);
    const unknown = await stack.run('credential', 'show', 'gitlab-ssh');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /gitlab-ssh does not exist/);
  });

  it('removes it', async () => {
    assert.equal((await stack.json('credential', 'remove', 'github-ssh')).configured, false);
    assert.equal((await stack.json('credential', 'show', 'github-ssh')).configured, false);
  });

  it("is lent to a run's agent by name", async () => {
    const made = await stack.json('run', 'create', '--backend', 'exec', '--tool-credential', 'github-ssh');
    assert.deepEqual(made.run.executionPolicy.secretScope, { toolCredentials: ['github-ssh'] });
    const bad = await stack.run('run', 'create', '--backend', 'exec', '--tool-credential', 'gitlab-ssh');
    assert.match(bad.stderr, /secretScope\.toolCredentials\[0\] must be one of github-ssh/);
  });
});
