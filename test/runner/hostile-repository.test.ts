import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import type { WorkspaceRef } from '../../src/contract/run.js';
import { AgentProcesses } from '../../src/runner/agent-processes.js';
import { LentSshKey } from '../../src/runner/lent-ssh-key.js';
import { prepareWorkspace } from '../../src/runner/workspace.js';

/** What a repository's address and its content may do to the machine that clones it: nothing but be cloned. */
describe('a hostile repository', function () {
  this.timeout(60_000);
  const { PATH = '' } = process.env;
  let folder: string;
  let proof: string;
  let servers: Server[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-hostile-'));
    proof = join(folder, 'proof');
    servers = [];
  });
  afterEach(async () => {
    for (const server of servers) server.closeAllConnections();
    await Promise.all(servers.map((server) => once(server.close(), 'close')));
    await rm(folder, { recursive: true, force: true });
  });

  async function prepare(repoUrl: string, ref?: string): Promise<string> {
    const marker = { name: 'AGENTRUN_JOB_NAME', value: `test-${randomUUID()}` };
    const processes = new AgentProcesses({ PATH, HOME: folder }, marker);
    const [workspaceDir, scratchDir] = [join(folder, 'workspace'), join(folder, 'scratch')];
    await mkdir(scratchDir, { recursive: true });
    const workspace: WorkspaceRef = { kind: 'git', repoUrl, ...(ref && { ref }) };
    const { signal } = new AbortController();
    return prepareWorkspace({
      ref: workspace,
      workspaceDir,
      scratchDir,
      workspaceFile: join(folder, 'workspace.json'),
      sshKey: new LentSshKey({}),
      processes,
      signal,
    });
  }

  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd, stdio: 'pipe' }).toString();

  /** A repository with these files; those whose names begin with `.git/` belong to the server's side. */
  async function repository(files: Record<string, string> = {}): Promise<string> {
    const path = join(folder, 'origin');
    await mkdir(path);
    git(path, 'init', '-q', '-b', 'main');
    for (const [name, text] of Object.entries({ file: 'content', ...files })) {
      await mkdir(join(path, name, '..'), { recursive: true });
      await writeFile(join(path, name), text, { mode: 0o755 });
    }
    git(path, 'add', '.');
    git(path, 'commit', '-qm', 'all');
    git(path, 'update-server-info');
    return path;
  }

  async function serve(handle: RequestListener): Promise<string> {
    const server = createServer(handle);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Serves the repository's files, as simple servers do. */
  const files =
    (path: string): RequestListener =>
    (request, response) => {
      const name = normalize(new URL(request.url ?? '', 'http://x').pathname);
      readFile(join(path, '.git', name)).then(
        (content) => response.end(content),
        () => response.writeHead(404).end(),
      );
    };

  const provesNothing = async () => assert.rejects(readFile(proof), { code: 'ENOENT' });

  it('has an address that is neither an option nor a command of git or ssh', async () => {
    const command = `touch\${IFS}${proof}`;
    for (const repoUrl of [
      `--upload-pack=${command}`,
      `-u${command}`,
      '--config=core.sshCommand=false',
      `ext::sh -c ${command}`,
      `fd::17/${command}`,
      `ssh://-oProxyCommand=${command}/x`,
      `ssh://git@-oProxyCommand=${command}/x`,
      `-oProxyCommand=${command}@localhost:x`,
      `git@-oProxyCommand=${command}:x`,
      `ssh://git@localhost:1/;${command}`,
      `ssh://git@localhost:1/\`${command}\``,
      `git@localhost:--upload-pack=${command}`,
      `https://localhost:1/$(${command})`,
      `file:///\`${command}\``,
    ]) {
      await assert.rejects(prepare(repoUrl), { failureKind: 'runner-start-failed' }, repoUrl);
      await provesNothing();
      assert.deepEqual(await readdir(join(folder, 'scratch')), []);
    }
  });

  it('has a ref that is neither an option nor a command', async () => {
    const path = await repository();
    for (const ref of [`--upload-pack=touch ${proof}`, `-q;touch ${proof}`, `$(touch ${proof})`, '--orphan=x']) {
      await assert.rejects(prepare(path, ref), { failureKind: 'runner-start-failed' }, ref);
      await provesNothing();
    }
  });

  it('cannot lead from HTTP to a file, a command or another transport', async () => {
    const secret = await repository();
    for (const target of [
      `file://${secret}/.git`,
      `ext::sh -c touch% ${proof}`,
      `ssh://localhost:1/x`,
      'gopher://x/',
    ]) {
      const url = await serve((_request, response) => response.writeHead(302, { location: target }).end());
      await assert.rejects(prepare(`${url}/x.git`), { failureKind: 'runner-start-failed' }, target);
      await provesNothing();
    }
    await assert.rejects(readFile(join(folder, 'workspace', 'file')));
  });

  it('is not asked for another host in the middle of it', async () => {
    const origin = await repository();
    let strayed = 0;
    const elsewhere = await serve((_request, response) => response.writeHead(404).end(String((strayed += 1))));
    const serveFiles = files(origin);
    const url = await serve((request, response) => {
      if (request.url?.includes('/objects/') !== true) serveFiles(request, response);
      else response.writeHead(302, { location: `${elsewhere}${request.url}` }).end();
    });
    await assert.rejects(prepare(url), { failureKind: 'runner-start-failed' });
    assert.equal(strayed, 0, 'only the first request may be led elsewhere');
  });

  it('has submodules that nobody fetches', async () => {
    let asked = 0;
    const internal = await serve((_request, response) => response.end(String((asked += 1))));
    const modules = ['inside', 'command', 'file'].map((name) => {
      const url = { inside: internal, command: `ext::sh -c touch% ${proof}`, file: 'file:///etc' }[name];
      return `[submodule "${name}"]\n\tpath = ${name}\n\turl = ${url}\n\tupdate = !touch ${proof}\n`;
    });
    const origin = await repository({ '.gitmodules': modules.join('') });
    const head = git(origin, 'rev-parse', 'HEAD').trim();
    for (const name of ['inside', 'command', 'file']) {
      git(origin, 'update-index', '--add', '--cacheinfo', `160000,${head},${name}`);
    }
    git(origin, 'commit', '-qm', 'submodules');
    await prepare(origin);
    assert.equal(asked, 0);
    await provesNothing();
  });

  it('has hooks, filters and settings that do not run here', async () => {
    const touch = `#!/bin/sh\ntouch ${proof}\n`;
    const hooks = ['post-checkout', 'post-merge', 'reference-transaction', 'pre-auto-gc'];
    const origin = await repository({
      ...Object.fromEntries(hooks.map((hook) => [`.git/hooks/${hook}`, touch])),
      '.githooks/post-checkout': touch,
      '.gitattributes': '* filter=evil\n',
      '.gitconfig': `[filter "evil"]\n\tsmudge = touch ${proof}\n`,
    });
    for (const setting of ['core.fsmonitor', 'core.sshCommand', 'uploadpack.packObjectsHook', 'filter.evil.smudge']) {
      git(origin, 'config', setting, `touch ${proof};:`);
    }
    await rm(proof, { force: true });
    await prepare(`file://${origin}`);
    await provesNothing();
    assert.equal(await readFile(join(folder, 'workspace', 'file'), 'utf8'), 'content');
    assert.doesNotMatch(await readFile(join(folder, 'workspace', '.git', 'config'), 'utf8'), /proof/);
  });
});
