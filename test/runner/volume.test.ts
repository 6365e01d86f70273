import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkspaceRef } from '../../src/contract/run.js';
import { AgentProcesses } from '../../src/runner/agent-processes.js';
import { TurnJournal } from '../../src/runner/commands/turn-journal.js';
import { redactUrls } from '../../src/runner/git.js';
import { LentSshKey } from '../../src/runner/lent-ssh-key.js';
import { openVolume, readThreadId, threadToResume, writeThreadId } from '../../src/runner/volume.js';
import { prepareWorkspace } from '../../src/runner/workspace.js';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'agentrun-volume-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const COMPLETED = { status: 'completed', failureKind: null, message: null, turnId: null } as const;

describe('the turn journal', () => {
  it('knows how turns ended, also when opened again', async () => {
    const file = join(folder, 'deep', 'turns.jsonl');
    const first = await TurnJournal.open(file);
    assert.equal(first.find('cmd_1'), undefined);
    await first.record('cmd_1', COMPLETED);
    await first.close();
    const second = await TurnJournal.open(file);
    assert.deepEqual(second.find('cmd_1'), COMPLETED);
    await second.close();
  });

  it('passes over a line that a crash cut short, and keeps the next one whole', async () => {
    const file = join(folder, 'turns.jsonl');
    await writeFile(file, '{"commandId":"cmd_1","outcome":{"sta');
    const journal = await TurnJournal.open(file);
    assert.equal(journal.find('cmd_1'), undefined);
    await journal.record('cmd_2', COMPLETED);
    await journal.close();
    await appendFile(file, 'not json\n{"commandId":"cmd_3","outcome":{"status":"unheard-of"}}\n');
    const again = await TurnJournal.open(file);
    assert.deepEqual([again.find('cmd_2'), again.find('cmd_3')], [COMPLETED, undefined]);
    await again.close();
  });

  it('keeps the end of a turn whole that comes after one which a full disk cut short', async () => {
    const file = join(folder, 'turns.jsonl');
    const journal = await TurnJournal.open(file);
    await journal.record('cmd_1', COMPLETED);
    const { size } = await stat(file);
    // Node ignores it from its start, but not any more where a library has listened for it in between.
    process.on('SIGXFSZ', goOn);
    try {
      limitFiles(String(size + 20));
      await assert.rejects(journal.record('cmd_2', COMPLETED), { code: 'EFBIG' });
    } finally {
      limitFiles('unlimited');
      process.off('SIGXFSZ', goOn);
    }
    assert.equal((await stat(file)).size, size + 20);
    await journal.record('cmd_3', COMPLETED);
    await journal.record('cmd_4', COMPLETED);
    await journal.close();
    const again = await TurnJournal.open(file);
    const found = ['cmd_1', 'cmd_2', 'cmd_3', 'cmd_4'].map((id) => again.find(id)?.status);
    assert.deepEqual(found, ['completed', undefined, 'completed', 'completed']);
    await again.close();
  });

  const goOn = () => undefined;

  /** How long a file may become that this process writes: as if the disk had no room for more. */
  function limitFiles(bytes: string): void {
    execFileSync('/bin/sh', ['-c', `prlimit --pid ${process.pid} --fsize=${bytes}:`]);
  }
});

describe('the volume', () => {
  it('keeps the thread of a backend', async () => {
    const layout = await openVolume(folder, 'exec');
    assert.equal(await readThreadId(layout), null);
    await writeThreadId(layout, 'thread-1');
    assert.equal(await readThreadId(await openVolume(folder, 'exec')), 'thread-1');
    assert.equal(await readThreadId(await openVolume(folder, 'codex')), null);
  });

  it('goes on with the session’s thread, but not with that of another kind of agent', async () => {
    await writeThreadId(await openVolume(folder, 'exec'), 'thread-of-exec');
    const codex = await openVolume(folder, 'codex');
    assert.equal(await threadToResume(codex, 'thread-of-exec'), null);
    await writeThreadId(codex, 'thread-of-codex');
    assert.equal(await threadToResume(codex, 'thread-of-exec'), 'thread-of-codex');
    assert.equal(await threadToResume(codex, 'thread-from-elsewhere'), 'thread-from-elsewhere');
    assert.equal(await threadToResume(codex, null), 'thread-of-codex');
  });
});

describe('a workspace', () => {
  const { PATH = '', HOME = '' } = process.env;
  const marker = { name: 'AGENTRUN_JOB_NAME', value: `test-${randomUUID()}` };
  let processes: AgentProcesses;
  beforeEach(() => (processes = new AgentProcesses({ PATH, HOME }, marker)));
  const prepare = (ref: WorkspaceRef, signal = new AbortController().signal) => {
    const [workspaceDir, scratchDir] = [join(folder, 'workspace'), join(folder, 'scratch')];
    const volume = { workspaceDir, scratchDir, workspaceFile: join(folder, 'workspace.json') };
    return mkdir(scratchDir, { recursive: true }).then(() =>
      prepareWorkspace({ ref, ...volume, sshKey: new LentSshKey({}), processes, signal }),
    );
  };
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  /** A repository with a commit on main, one on a branch, and one that only a ref of the server's names. */
  const repository = async () => {
    const path = join(folder, 'origin');
    await mkdir(path);
    git(path, 'init', '-q', '-b', 'main');
    for (const name of ['first', 'second']) {
      await writeFile(join(path, 'file'), name);
      git(path, 'add', '.');
      git(path, 'commit', '-qm', name);
    }
    git(path, 'branch', 'side', 'HEAD~1');
    git(path, 'checkout', '-q', '--detach');
    await writeFile(join(path, 'file'), 'hidden');
    git(path, 'commit', '-qam', 'hidden');
    git(path, 'update-ref', 'refs/pull/1/head', 'HEAD');
    git(path, 'checkout', '-q', 'main');
    return path;
  };
  const content = () => readFile(join(folder, 'workspace', 'file'), 'utf8');

  it('of kind none is an empty folder, kept when it is there', async () => {
    const path = await prepare({ kind: 'none' });
    assert.deepEqual(await readdir(path), []);
    await writeFile(join(path, 'kept'), '');
    assert.deepEqual(await readdir(await prepare({ kind: 'none' })), ['kept']);
  });

  it('of kind path is a folder that exists', async () => {
    assert.equal(await prepare({ kind: 'path', path: folder }), folder);
    await writeFile(join(folder, 'file'), '');
    for (const path of [join(folder, 'missing'), join(folder, 'file'), 'relative', undefined]) {
      await assert.rejects(prepare({ kind: 'path', path }), { failureKind: 'runner-start-failed' });
    }
  });

  it('of kind git is a clone, made once', async () => {
    const repoUrl = await repository();
    const path = await prepare({ kind: 'git', repoUrl });
    assert.equal(await content(), 'second');
    assert.equal(git(path, 'branch', '--show-current').trim(), 'main');
    await writeFile(join(path, 'file'), 'worked on');
    await prepare({ kind: 'git', repoUrl });
    assert.equal(await content(), 'worked on');
    assert.deepEqual(await readdir(join(folder, 'scratch')), []);
  });

  const isRefused = (asked: WorkspaceRef, message: RegExp) =>
    assert.rejects(prepare(asked), { failureKind: 'runner-start-failed', message });

  it('of kind git stays the clone of one repository at one ref', async () => {
    const repoUrl = `file://${await repository()}`;
    await prepare({ kind: 'git', repoUrl, ref: 'side' });
    await writeFile(join(folder, 'workspace', 'file'), 'worked on');
    const other = `file://${join(folder, 'other')}`;
    await isRefused(
      { kind: 'git', repoUrl: other },
      new RegExp(`a clone of ${repoUrl} at side, not of ${other}: another needs a new session$`),
    );
    await isRefused({ kind: 'git', repoUrl, ref: 'main' }, /at side, not of file:.*origin at main:/);
    for (const ref of [
      { kind: 'none' },
      { kind: 'git', repoUrl },
      { kind: 'git', repoUrl, ref: 'side' },
      { kind: 'git', repoUrl: `${repoUrl}.git/` },
    ] as const) {
      await prepare(ref);
      assert.equal(await content(), 'worked on');
    }
  });

  it('of kind git with no ref is not changed to one', async () => {
    const repoUrl = await repository();
    await prepare({ kind: 'git', repoUrl });
    await isRefused({ kind: 'git', repoUrl, ref: 'side' }, /not of .* at side:/);
  });

  it('of kind git is not made where one without a repository was used', async () => {
    const repoUrl = await repository();
    await writeFile(join(await prepare({ kind: 'none' }), 'kept'), '');
    // A repository around the volume is not the workspace's.
    git(folder, 'init', '-q');
    git(folder, 'remote', 'add', 'origin', repoUrl);
    await isRefused({ kind: 'git', repoUrl }, /a folder that was used without a repository, not of /);
    assert.deepEqual(await readdir(join(folder, 'workspace')), ['kept']);
  });

  it('of kind git is made anew where nothing is left of one, and is then told to be that one', async () => {
    const repoUrl = await repository();
    const path = await prepare({ kind: 'git', repoUrl });
    await rm(path, { recursive: true });
    await prepare({ kind: 'none' });
    await writeFile(join(path, 'kept'), '');
    await isRefused({ kind: 'git', repoUrl }, /used without a repository/);
    await rm(path, { recursive: true });
    await prepare({ kind: 'git', repoUrl, ref: 'side' });
    await isRefused({ kind: 'git', repoUrl, ref: 'main' }, /at side, not of /);
  });

  it('of kind git that an earlier runner cloned is known by its origin', async () => {
    const repoUrl = `file://${await repository()}`;
    const path = await prepare({ kind: 'git', repoUrl });
    await rm(join(folder, 'workspace.json'));
    git(path, 'config', 'remote.origin.url', repoUrl.replace('file://', 'file://somebody:secret@'));
    await prepare({ kind: 'git', repoUrl: repoUrl.replace('file://', 'file://***@'), ref: 'side' });
    await isRefused(
      { kind: 'git', repoUrl: 'https://git.example/a.git' },
      /a clone of file:\/\/\*\*\*@[^ ]+, not of https/,
    );
  });

  it('of kind git is noted without credentials', async () => {
    const repoUrl = await repository();
    git(folder, 'config', '--file', 'settings', `url.${repoUrl}.insteadOf`, 'https://a:secret@git.example/a.git');
    processes.lend({ GIT_CONFIG_GLOBAL: join(folder, 'settings') });
    await prepare({ kind: 'git', repoUrl: 'https://a:secret@git.example/a.git' });
    const note = await readFile(join(folder, 'workspace.json'), 'utf8');
    assert.deepEqual(JSON.parse(note), { repoUrl: 'https://***@git.example/a.git' });
  });

  for (const [what, ref, expected] of [
    ['a branch', 'side', 'first'],
    ['a ref that only the server has', 'refs/pull/1/head', 'hidden'],
  ] as const) {
    it(`of kind git checks out ${what}`, async () => {
      await prepare({ kind: 'git', repoUrl: `file://${await repository()}`, ref });
      assert.equal(await content(), expected);
    });
  }

  it('of kind git checks out a commit', async () => {
    const repoUrl = await repository();
    await prepare({ kind: 'git', repoUrl, ref: git(repoUrl, 'rev-parse', 'side').trim() });
    assert.equal(await content(), 'first');
  });

  it("of kind git fails in git's words and leaves nothing half done", async () => {
    const repoUrl = await repository();
    await assert.rejects(prepare({ kind: 'git', repoUrl, ref: 'no-such-ref' }), /no-such-ref/);
    await assert.rejects(prepare({ kind: 'git', repoUrl: join(folder, 'nothing') }), {
      failureKind: 'runner-start-failed',
    });
    assert.deepEqual(await readdir(join(folder, 'scratch')), []);
    await assert.rejects(readdir(join(folder, 'workspace')));
  });

  it('of kind git speaks no transport that runs commands, and takes no URL for an option', async () => {
    const proof = join(folder, 'proof');
    await assert.rejects(prepare({ kind: 'git', repoUrl: `ext::sh -c touch% ${proof}` }), /ext/);
    await assert.rejects(prepare({ kind: 'git', repoUrl: `--upload-pack=touch ${proof}` }));
    await assert.rejects(readFile(proof));
  });

  it('of kind git is given up when the run is cancelled', async () => {
    await assert.rejects(
      prepare({ kind: 'git', repoUrl: await repository() }, AbortSignal.abort(new Error('cancelled'))),
      /cancelled/,
    );
  });
});

describe('redactUrls', () => {
  it('cuts credentials out of what git says', () => {
    const said = "fatal: unable to access 'https://user:p@ss@git.example/a.git?private_token=abc&x=1': no";
    assert.equal(redactUrls(said), "fatal: unable to access 'https://***@git.example/a.git?private_token=***&x=1': no");
    assert.equal(redactUrls('ssh://git@host/a git@host:a'), 'ssh://***@host/a git@host:a');
  });
});
