import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import type { Loose } from '../support/api.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';
import { Api, refused, succeeded } from './api.js';

const ACME = { name: 'acme', token: 'acme-operator-token-0123456789', tenants: ['acme'] };
const EVIL = 'evil/img';
const OWN = 'reg.example/agentrun-runner:1';
const LISTED = 'reg.example/agents/browser:3';
const TASK = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec', prompt: 'true' };
const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };

/** In a cluster that image is handed the secrets of the run's profile. */
describe('the image of a runner', function () {
  this.timeout(120_000);
  let manager: TestManager;
  let all: Api;
  let acme: Api;

  before(async () => {
    manager = await startTestManager({
      AGENTRUN_OPERATORS_JSON: JSON.stringify([ACME]),
      AGENTRUN_RUNNER_IMAGE: OWN,
      AGENTRUN_RUNNER_IMAGES_ALLOWED: 'reg.example/agents/*',
      AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500',
    });
    all = new Api(manager.url, manager.operatorToken);
    acme = all.as(ACME.token);
  });
  after(async () => manager.stop());

  const job = async (api: Api, image: string) => {
    const { id } = succeeded(await all.post('/api/v1/runs', RUN));
    return { id, answer: await api.post(`/api/v1/runs/${id}/runner-jobs`, { image }) };
  };
  const send = async (api: Api, sessionId: string, image: string) =>
    api.post(`/api/v1/sessions/${sessionId}/send`, { prompt: 'true', run: RUN, runnerJob: { image } });
  const task = async (api: Api, given: Loose) => api.post('/api/v1/queue/tasks', { ...TASK, ...given });
  const schedule = async (api: Api, given: Loose) =>
    api.post('/api/v1/queue/schedules', {
      scheduleId: `s-${randomUUID()}`,
      cron: '30 2 * * *',
      paused: true,
      task: { ...TASK, ...given },
    });
  const applySpec = async (image: string) => {
    const name = `spec-${randomUUID()}`;
    const document = { apiVersion: 'agentrun/v1', kind: 'AipodSpec', metadata: { name }, spec: { image } };
    succeeded(await all.post('/api/v1/aipod-specs', document));
    return name;
  };

  it('is not chosen freely by an operator of some tenants, wherever a Job is asked for; nothing is written then', async () => {
    const asked = await job(acme, EVIL);
    assert.equal(refused(asked.answer, 403, 'forbidden').field, 'image');
    assert.equal(succeeded(await all.get(`/api/v1/runs/${asked.id}/runner-jobs`)).count, 0);
    const sessionId = `new-${randomUUID()}`;
    assert.equal(refused(await send(acme, sessionId, EVIL), 403, 'forbidden').field, 'runnerJob.image');
    refused(await all.get(`/api/v1/sessions/${sessionId}`), 404, 'schema-invalid');
    const runnerJob = { image: EVIL };
    assert.equal(refused(await task(acme, { runnerJob }), 403, 'forbidden').field, 'runnerJob.image');
    assert.equal(refused(await schedule(acme, { runnerJob }), 403, 'forbidden').field, 'task.runnerJob.image');
    const rendered = { input: { ...RUN, prompt: 'true', image: EVIL } };
    const path = `/api/v1/aipod-specs/${await applySpec('reg.example/spec:1')}/render`;
    assert.equal(refused(await acme.post(path, rendered), 403, 'forbidden').field, 'input.image');
    const named = { aipod: await applySpec('reg.example/spec:1'), runnerJob };
    assert.equal(refused(await task(acme, named), 403, 'forbidden').field, 'runnerJob.image');
  });

  it('is the installation’s, or one that this lists', async () => {
    for (const image of [OWN, LISTED]) {
      succeeded((await job(acme, image)).answer);
      succeeded(await send(acme, `s-${randomUUID()}`, image));
      succeeded(await task(acme, { runnerJob: { image } }));
      succeeded(await schedule(acme, { runnerJob: { image } }));
    }
  });

  it('may be what a spec says, which only operators of all tenants apply; not that of a deleted one', async () => {
    const image = `reg.example/of-a-spec:${randomUUID()}`;
    refused((await job(acme, image)).answer, 403, 'forbidden');
    const aipod = await applySpec(image);
    succeeded(await task(acme, { aipod }));
    succeeded(await schedule(acme, { aipod }));
    const rendered = succeeded(
      await acme.post(`/api/v1/aipod-specs/${aipod}/render`, { input: { ...RUN, prompt: 'true' } }),
    );
    succeeded((await job(acme, rendered.runnerJob.image)).answer);
    succeeded(await all.request('DELETE', `/api/v1/aipod-specs/${aipod}`));
    refused((await job(acme, image)).answer, 403, 'forbidden');
  });

  it('is any for operators of all tenants, but for a schedule, which asks for its tenant', async () => {
    succeeded((await job(all, EVIL)).answer);
    succeeded(await send(all, `s-${randomUUID()}`, EVIL));
    succeeded(await task(all, { runnerJob: { image: EVIL } }));
    const answer = await schedule(all, { runnerJob: { image: EVIL } });
    assert.equal(refused(answer, 403, 'forbidden').field, 'task.runnerJob.image');
  });
});
