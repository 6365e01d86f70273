import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/project-root.js';
import { freePort } from '../../src/processes/free-port.js';
import { Api, eventually } from '../support/api.js';

const TOKEN = 'manager-killed-operator-token';

/** The product as a user starts it: one command, one folder. */
describe('a manager that is killed while runs work', () => {
  let folder: string;
  let port: number;
  let up: ChildProcess;
  let api: Api;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-killed-'));
    port = await freePort();
    api = new Api(`http://127.0.0.1:${port}`, TOKEN);
  });
  after(async () => {
    up.kill('SIGTERM');
    if (up.exitCode === null) await once(up, 'exit');
    await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    up = spawn(process.execPath, ['bin/agentrun.js', 'up'], {
      cwd: projectRoot,
      stdio: 'ignore',
      env: {
        ...process.env,
        AGENTRUN_DATA_DIR: join(folder, 'data'),
        AGENTRUN_PORT: String(port),
        AGENTRUN_OPERATOR_TOKEN: TOKEN,
        AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500',
      },
    });
    await eventually(
      async () => api.request('GET', '/health/readiness').catch(() => ({ status: 0 })),
      ({ status }) => status === 200,
      60_000,
    );
  }

  it('loses nothing: the runner goes on, and the same attempt ends after the restart', async () => {
    await start();
    const [log, go] = [join(folder, 'log'), join(folder, 'go')];
    const run = await api.createRun();
    const steps = 'for i in $(seq 15); do echo step $i; sleep 0.5; done';
    const script = `echo begun >> ${log}; ${steps}; until [ -e ${go} ]; do sleep 0.1; done; echo step 16`;
    const command = await api.addTurn(run.id, script);
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    await eventually(
      async () => api.events(run.id),
      (events) => events.some(({ payload }) => payload.text?.includes('step 2')),
    );
    up.kill('SIGKILL');
    await once(up, 'exit');
    await start();
    const waiting = await api.addTurn(run.id, 'echo and the next');
    await writeFile(go, '');
    const ended = await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      ({ terminalStatus }) => terminalStatus !== null,
      60_000,
    );
    assert.deepEqual([ended.status, ended.attempt], ['completed', 1]);
    const events = await api.events(run.id);
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, index) => index + 1),
    );
    const outputOf = (id: string) =>
      events
        .filter(({ type, payload }) => type === 'command_output' && payload.commandId === id)
        .map(({ payload }) => payload.text)
        .join('');
    assert.equal(outputOf(command.id), Array.from({ length: 16 }, (_, index) => `step ${index + 1}\n`).join(''));
    assert.equal(outputOf(waiting.id), 'and the next\n');
    assert.equal(await readFile(log, 'utf8'), 'begun\n', 'the turn ran once');
    assert.equal((await api.get(`/api/v1/runs/${run.id}/runner-jobs`)).count, 1);
  }).timeout(180_000);
});
