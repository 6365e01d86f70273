import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import { startTestManager, type TestManager } from '../support/test-manager.js';
import { Api, refused, succeeded } from './api.js';

const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
const of = (repoUrl: string) => ({ ...RUN, workspaceRef: { kind: 'git', repoUrl } });
const LISTED = of('https://git.example.com/acme/site.git');
const INSIDE = of('http://169.254.169.254/latest/meta-data');

/** Runners stand inside the network: what they may clone, a tenant's operator may reach by them. */
describe('the repositories that an installation allows', function () {
  this.timeout(120_000);
  let manager: TestManager;
  let api: Api;

  before(async () => {
    manager = await startTestManager({ AGENTRUN_REPOSITORIES_ALLOWED: 'https://git.example.com/acme/*' });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  const task = async (given: object) => api.post('/api/v1/queue/tasks', { ...given, prompt: 'true' });
  const schedule = async (given: object) => {
    const asked = { scheduleId: `s-${randomUUID()}`, cron: '30 2 * * *', paused: true };
    return api.post('/api/v1/queue/schedules', { ...asked, task: { ...given, prompt: 'true' } });
  };
  const applySpec = async (repoUrl: string) => {
    const name = `spec-${randomUUID()}`;
    const spec = { backendProfile: 'exec', workspaceRef: { kind: 'git', repoUrl } };
    succeeded(
      await api.post('/api/v1/aipod-specs', { apiVersion: 'agentrun/v1', kind: 'AipodSpec', metadata: { name }, spec }),
    );
    return name;
  };

  it('are all that a run may name, wherever it is asked for; nothing is written then', async () => {
    const field = 'workspaceRef.repoUrl';
    assert.equal(refused(await api.post('/api/v1/runs', INSIDE), 400, 'schema-invalid').field, field);
    assert.equal(refused(await task(INSIDE), 400, 'schema-invalid').field, field);
    assert.equal(refused(await schedule(INSIDE), 400, 'schema-invalid').field, `task.${field}`);
    const path = `/api/v1/sessions/new-${randomUUID()}`;
    const sent = await api.post(`${path}/send`, { prompt: 'true', run: INSIDE });
    assert.equal(refused(sent, 400, 'schema-invalid').field, field);
    refused(await api.get(path), 404, 'schema-invalid');
    const aipod = await applySpec(INSIDE.workspaceRef.repoUrl);
    refused(await task({ tenantId: 'acme', projectId: 'shop', aipod }), 400, 'schema-invalid');
    assert.equal(succeeded(await api.get('/api/v1/runs?limit=1')).items.length, 0);
  });

  it('are not asked about where a live run has its clone already', async () => {
    const path = '/api/v1/sessions/cloned-before';
    succeeded(await api.post(`${path}/send`, { prompt: 'true', run: LISTED, createRunnerJob: false }));
    const outside = JSON.stringify(INSIDE.workspaceRef);
    await manager.database.query('UPDATE runs SET workspace_ref = $1 WHERE session_id = $2', [
      outside,
      'cloned-before',
    ]);
    succeeded(await api.post(`${path}/send`, { prompt: 'true', createRunnerJob: false }));
    const { activeRunId } = succeeded(await api.get(path));
    succeeded(await api.post(`/api/v1/runs/${activeRunId}/cancel`));
    const next = await api.post(`${path}/send`, { prompt: 'true', createRunnerJob: false });
    assert.equal(refused(next, 400, 'schema-invalid').field, 'workspaceRef.repoUrl');
  });

  it('are taken', async () => {
    succeeded(await api.post('/api/v1/runs', LISTED));
    succeeded(await schedule(LISTED));
  });
});
