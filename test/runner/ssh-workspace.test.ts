import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunRecord } from '../../src/contract/run.js';
import type { SecretFields } from '../../src/domain/secrets.js';
import { eventually } from '../support/api.js';
import { RunnerFixture } from '../support/runner-fixture.js';
import { makeSshKey, secretLineOf, SshGitServer, type KeyPair } from '../support/ssh-git-server.js';

const POLICY: RunRecord['executionPolicy'] = {
  sandbox: 'workspace-write',
  approval: 'never',
  network: true,
  timeoutMs: 60_000,
  idleTimeoutMs: 60_000,
};
const LENT = { ...POLICY, secretScope: { toolCredentials: ['github-ssh' as const] } };

/** Prints where an agent finds the key: files, environments, command lines. In halves, so that it does not find itself. */
function searchFor(key: KeyPair): string {
  const line = secretLineOf(key);
  const places = '"$TMPDIR" .. /proc/[0-9]*/environ /proc/[0-9]*/cmdline';
  return `printf '%s%s' '${line.slice(0, 30)}' '${line.slice(30)}' | grep -rlF -f - ${places} 2>/dev/null`;
}

describe('a workspace that is reached by ssh', function () {
  this.timeout(60_000);
  let server: SshGitServer;
  let key: KeyPair;
  let repository: string;
  let fixture: RunnerFixture | undefined;
  /** The runner's and its agent's temporary folder. */
  let temporary: string;

  before(async () => {
    execFileSync('ssh', ['-V'], { stdio: 'pipe' });
    server = await SshGitServer.start();
    key = makeSshKey('deploy@example.com');
    server.authorize(key);
    repository = await server.makeRepository('from afar');
  });
  after(() => server.close());
  afterEach(async () => {
    await fixture?.dispose();
    await rm(temporary, { recursive: true, force: true });
    assert.deepEqual(server.refused, []);
  });

  async function prepared(
    secrets: SecretFields | undefined,
    executionPolicy: RunRecord['executionPolicy'] = POLICY,
    ref?: string,
  ): Promise<RunnerFixture> {
    const workspaceRef = { kind: 'git' as const, repoUrl: server.urlOf(repository), ...(ref && { ref }) };
    fixture = await RunnerFixture.create({ executionPolicy, workspaceRef });
    temporary = join(tmpdir(), `it's 100% ${fixture.jobName}`);
    await mkdir(temporary);
    if (secrets) fixture.secrets = { 'tool-credential/github-ssh': secrets };
    return fixture;
  }

  /** The runner as its own program, in a temporary folder and a home of its own. */
  const start = (runner: RunnerFixture, more: Record<string, string> = {}) =>
    runner.spawn({ TMPDIR: temporary, HOME: temporary, ...more });

  const keyFolders = async () => (await readdir(temporary)).filter((name) => name.startsWith('agentrun-private-'));

  const handed = () => ({ privateKey: key.private, knownHosts: server.knownHosts });

  async function failureOf(runner: RunnerFixture, more?: Record<string, string>): Promise<string> {
    start(runner, more);
    await runner.manager.until(() => runner.manager.run.terminalStatus !== null);
    const { terminalStatus, failureKind, failureMessage } = runner.manager.run;
    assert.deepEqual([terminalStatus, failureKind], ['failed', 'runner-start-failed']);
    assert.deepEqual(await keyFolders(), []);
    return failureMessage ?? '';
  }

  it('is cloned with the key that was handed', async () => {
    const runner = await prepared(handed());
    const turn = runner.manager.add('turn', 'cat file; git log --format=%s');
    start(runner);
    await runner.manager.ended(turn);
    assert.equal(runner.manager.output(turn.id), 'from afarfirst\n');
  });

  it('is cloned where the run says, and by nothing that its environment names: the key is at hand then', async () => {
    const runner = await prepared(handed());
    const turn = runner.manager.add(
      'turn',
      'cat file; echo; test -e "$TMPDIR/ran" && echo ran; git config filter.mine.smudge',
    );
    start(runner, {
      AGENTRUN_AGENT_ENV_GIT_SSH_COMMAND: `touch ${temporary}/ran; false`,
      AGENTRUN_AGENT_ENV_GIT_CONFIG_COUNT: '2',
      AGENTRUN_AGENT_ENV_GIT_CONFIG_KEY_0: `url.file:///nowhere/.insteadOf`,
      AGENTRUN_AGENT_ENV_GIT_CONFIG_VALUE_0: server.urlOf(repository),
      AGENTRUN_AGENT_ENV_GIT_CONFIG_KEY_1: 'filter.mine.smudge',
      AGENTRUN_AGENT_ENV_GIT_CONFIG_VALUE_1: 'the agent has it',
    });
    await runner.manager.ended(turn);
    assert.equal(runner.manager.output(turn.id), 'from afar\nthe agent has it\n');
  });

  it('is cloned at a ref that only the server has', async () => {
    const runner = await prepared(handed(), POLICY, 'refs/pull/1/head');
    const turn = runner.manager.add('turn', 'git log --format=%s');
    start(runner);
    await runner.manager.ended(turn);
    assert.match(runner.manager.output(turn.id), /^hidden\n/);
  });

  it('is not fetched from a host whose key is another one, and says so', async () => {
    const other = makeSshKey('host');
    const knownHosts = `[127.0.0.1]:${server.port} ${other.public}\n`;
    const shown = server.keysShown;
    const said = await failureOf(await prepared({ privateKey: key.private, knownHosts }));
    assert.match(said, /^the host key of 127\.0\.0\.1 is not the one that is known/);
    assert.match(said, /git clone: /);
    assert.equal(server.keysShown, shown, 'the key is not shown to a host that is not known');
  });

  it('is not fetched from a host of which no key is known: without known hosts, from any but github.com', async () => {
    const said = await failureOf(await prepared({ privateKey: key.private }));
    assert.match(said, /^no host key of 127\.0\.0\.1 is known: set known hosts that name it/);
    assert.match(said, /Host key verification failed/);
  });

  it('fails in clear words when the host does not take the key', async () => {
    const said = await failureOf(await prepared({ ...handed(), privateKey: makeSshKey().private }));
    assert.match(said, /^127\.0\.0\.1 did not take the key of the tool credential github-ssh/);
    assert.match(said, /Permission denied \(publickey\)/);
  });

  it('fails in clear words where there is no ssh client', async () => {
    const runner = await prepared(handed());
    const programs = join(temporary, 'bin');
    await mkdir(programs);
    const git = execFileSync('/bin/sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    await symlink(git, join(programs, 'git'));
    assert.match(await failureOf(runner, { PATH: programs }), /^this runner's machine has no ssh client/);
  });

  it('tells that a key is asked for where none was handed', async () => {
    const runner = await prepared(undefined);
    const ssh = 'ssh -F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=accept-new';
    await writeFile(join(temporary, '.gitconfig'), `[core]\n  sshCommand = ${ssh}\n`);
    const said = await failureOf(runner);
    assert.match(said, /^127\.0\.0\.1 asks for a key: set the tool credential github-ssh/);
  });

  it('leaves the key nowhere that the agent of a run without its scope can look', async () => {
    const runner = await prepared(handed());
    const turn = runner.manager.add('turn', `${searchFor(key)}; env | grep -c SSH; ls -A "$TMPDIR"`);
    start(runner);
    await runner.manager.ended(turn);
    assert.equal(runner.manager.output(turn.id), '0\n');
    const again = runner.manager.add('turn', `GIT_TERMINAL_PROMPT=0 git ls-remote origin`);
    await runner.manager.ended(again);
    assert.equal(again.terminalStatus, 'failed');
  });

  it('is reached by the agent, too, where the policy names the credential, and no longer than the attempt', async () => {
    const runner = await prepared(handed(), LENT);
    const turn = runner.manager.add(
      'turn',
      'git ls-remote origin main; ls -l "$TMPDIR"/agentrun-private-*/ | grep -c ^-rw-------; env',
    );
    const search = runner.manager.add('turn', searchFor(key));
    const child = start(runner);
    await runner.manager.ended(turn);
    const said = runner.manager.output(turn.id);
    assert.match(said, /^[0-9a-f]{40}\trefs\/heads\/main\n3\n/);
    assert.match(said, /^GIT_SSH_COMMAND=ssh -F /m);
    assert.doesNotMatch(said, /PRIVATE KEY/);
    await runner.manager.ended(search);
    assert.match(runner.manager.output(search.id), /^\S.*\/agentrun-private-[^/]+\/key\n$/);
    assert.equal((await keyFolders()).length, 1, 'the one for the clone is gone, the one for the agent is there');
    child.kill('SIGTERM');
    await runner.untilGone();
    assert.deepEqual(await keyFolders(), []);
    assert.ok(!JSON.stringify(runner.manager.events).includes(secretLineOf(key)));
  });

  it('leaves no key behind a runner that was killed, once another one starts', async () => {
    const runner = await prepared(handed(), LENT);
    runner.manager.add('turn', 'echo begun; sleep 600');
    const first = start(runner);
    await runner.manager.until(() => runner.manager.phases().includes('turn/started'));
    const [left = assert.fail('no key was lent')] = await keyFolders();
    assert.equal((await stat(join(temporary, left))).mode & 0o777, 0o700);
    assert.match(await readFile(join(temporary, left, 'key'), 'utf8'), /PRIVATE KEY/);
    first.kill('SIGKILL');
    start(runner);
    await eventually(keyFolders, (folders) => !folders.includes(left));
  });

  it('does not start a run whose policy names the credential where none was handed', async () => {
    const said = await failureOf(await prepared(undefined, LENT));
    assert.match(
      said,
      /lends its agent the tool credential github-ssh, which this runner was not handed: set it first/,
    );
  });
});
