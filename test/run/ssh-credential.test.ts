import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { RUNNER_VARIABLES } from '../../src/domain/runner-program.js';
import { processTable } from '../../src/processes/process-table.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { runnerOfJob, untilPrinted } from '../support/live-runner.js';
import { filesOf, ProcessWatch, SecretHunt } from '../support/secret-hunt.js';
import { makeSshKey, secretLineOf, SshGitServer } from '../support/ssh-git-server.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const LENT = { secretScope: { toolCredentials: ['github-ssh'] } };

describe('the ssh credential of an installation', function () {
  this.timeout(120_000);
  const key = makeSshKey('deploy@example.com');
  const logged: string[] = [];
  let server: SshGitServer;
  let manager: TestManager;
  let api: Api;
  let workspaceRef: Loose;

  before(async () => {
    server = await SshGitServer.start();
    server.authorize(key);
    workspaceRef = { kind: 'git', repoUrl: server.urlOf(await server.makeRepository('from afar')) };
    const log = { write: (line: string) => void logged.push(line) };
    manager = await startTestManager({}, { log });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => {
    await manager.stop();
    await server.close();
  });

  const set = (body: Loose) => api.ok('PUT', '/api/v1/tool-credentials/github-ssh/credential', body);

  async function runOf(given: Loose, prompt: string): Promise<{ run: Loose; turn: Loose; job: Loose }> {
    const run = await api.createRun({ endsWithTurn: true, ...given });
    const turn = await api.addTurn(run.id, prompt);
    return { run, turn, job: await api.post(`/api/v1/runs/${run.id}/runner-jobs`) };
  }

  const resultOf = (runId: string) =>
    eventually(
      () => api.get(`/api/v1/runs/${runId}/result`),
      ({ terminalStatus }) => terminalStatus !== null,
      30_000,
    );

  /** Folders of runners of this Job: those of others are other tests'. */
  const keyFolders = async (job: Loose) => {
    const pids = processTable.marked({ name: RUNNER_VARIABLES.jobName, value: job.jobName }).map(({ pid }) => pid);
    const names = await readdir(tmpdir());
    return names.filter((name) => pids.some((pid) => new RegExp(`^agentrun-private-\\w+-${pid}-`).test(name)));
  };

  it('clones a repository for an agent that does not get it', async () => {
    await set({ privateKey: key.private, knownHosts: server.knownHosts });
    const { run } = await runOf({ workspaceRef }, 'cat file; echo " ${GIT_SSH_COMMAND:-none}"');
    const { status, reply } = await resultOf(run.id);
    assert.deepEqual([status, reply], ['completed', 'from afar none\n']);
  });

  it('is lent to the agent of a run whose policy names it, and to nobody else; nowhere else does it stay in clear', async () => {
    await set({ privateKey: key.private, knownHosts: server.knownHosts });
    const hunt = new SecretHunt(new Map([['key', secretLineOf(key)]]));
    const watch = new ProcessWatch();
    const { repoUrl } = workspaceRef;
    const asks = `git ls-remote ${repoUrl} main`;
    const [lent, kept] = await Promise.all([
      runOf({ executionPolicy: LENT }, asks),
      runOf({}, `env | grep SSH; ${asks} 2>&1`),
    ]);
    const { reply } = await resultOf(lent.run.id);
    assert.match(reply, /^[0-9a-f]{40}\trefs\/heads\/main\n$/);
    assert.equal((await resultOf(kept.run.id)).status, 'failed');
    hunt.look('processes', watch.stop());
    for (const { run } of [lent, kept]) {
      for (const path of ['', '/events?limit=500', '/result', '/commands', '/runner-jobs'])
        hunt.look('answers', JSON.stringify(await api.get(`/api/v1/runs/${run.id}${path}`)));
    }
    const tables = await manager.database.query<{ name: string }>(
      "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    );
    for (const { name } of tables)
      hunt.look('database', JSON.stringify(await manager.database.query(`SELECT row_to_json(t) FROM ${name} t`)));
    assert.match(logged.join(''), /"msg":"request"/);
    hunt.look("the manager's log", logged.join(''));
    const files: string[] = [];
    for await (const { path, content } of filesOf(manager.dataDir)) {
      files.push(path);
      hunt.look(path, content);
    }
    assert.ok(files.some((path) => path.startsWith('secrets/')) && files.some((path) => path.endsWith('runner.log')));
    assert.deepEqual(hunt.found(), { key: [] });
  });

  it('is gone with an attempt whose runner was killed, and there for the next one', async () => {
    await set({ privateKey: key.private, knownHosts: server.knownHosts });
    const given = { executionPolicy: LENT, retryPolicy: { maxAttempts: 2, backoffMs: 0 } };
    const first = 'test -e begun || { touch begun; echo begun; sleep 600; }';
    const { run, turn, job } = await runOf(given, `${first}; git ls-remote ${workspaceRef.repoUrl} main`);
    await untilPrinted(api, turn, 'begun');
    const [folder] = await keyFolders(job);
    assert.ok(folder);
    process.kill(runnerOfJob(job.jobName).runner.pid, 'SIGKILL');
    const { status, reply } = await resultOf(run.id);
    assert.equal(status, 'completed');
    assert.match(reply, /refs\/heads\/main/);
    assert.ok(!(await readdir(tmpdir())).includes(folder));
  });

  it('fails a run in clear words where the host has another key', async () => {
    const knownHosts = `[127.0.0.1]:${server.port} ${makeSshKey().public}\n`;
    await set({ privateKey: key.private, knownHosts });
    const { run } = await runOf({ workspaceRef }, 'true');
    const { status, failureKind, failureMessage } = await resultOf(run.id);
    assert.deepEqual([status, failureKind], ['failed', 'runner-start-failed']);
    assert.match(failureMessage, /the host key of 127\.0\.0\.1 is not the one that is known/);
  });

  it('fails a run whose policy names it where it is not set', async () => {
    await api.ok('DELETE', '/api/v1/tool-credentials/github-ssh');
    const { run } = await runOf({ executionPolicy: LENT }, 'true');
    const { failureKind, failureMessage } = await resultOf(run.id);
    assert.equal(failureKind, 'runner-start-failed');
    assert.match(failureMessage, /set it first \(agentrun credential set github-ssh\)/);
  });
});
