import assert from 'node:assert/strict';
import { eventually } from '../support/api.js';
import { TemporalDown } from '../support/temporal-down.js';

const PATH = '/api/v1/queue/schedules';
const TASK = { tenantId: 'acme', projectId: 'p', backendProfile: 'exec', prompt: 'true' };

describe('schedules while Temporal is down', function () {
  this.timeout(120_000);
  let scene: TemporalDown;

  before(async () => {
    scene = await TemporalDown.start();
  });
  after(async () => scene.stop());

  it('say so soon, and are what was asked for once it is back and somebody asks again', async () => {
    const { api } = scene;
    const kept = { scheduleId: 'kept', cron: '@daily', task: TASK };
    const late = { scheduleId: 'late', cron: '@weekly', task: TASK };
    await api.post(PATH, kept);
    scene.lose();
    await scene.refuses('POST', PATH, late);
    await scene.refuses('GET', `${PATH}/kept`);
    await scene.refuses('GET', PATH);
    await scene.refuses('PATCH', `${PATH}/kept`, { paused: true });
    await scene.refuses('DELETE', `${PATH}/kept`);
    assert.equal((await api.request('GET', `${PATH}/late`)).status, 404, 'what nobody took is not there');
    await scene.recover();
    const { body } = await eventually(
      async () => api.request('GET', `${PATH}/kept`),
      ({ status }) => status === 200,
      60_000,
    );
    assert.equal(body.data.state, 'active');
    assert.equal((await api.patch(`${PATH}/kept`, { paused: true })).state, 'paused');
    const otherWords = { ...late, cron: '@monthly' };
    assert.deepEqual((await api.post(PATH, otherWords)).cron, '@monthly');
    assert.deepEqual(await api.post(PATH, otherWords), await api.get(`${PATH}/late`));
    await api.ok('DELETE', `${PATH}/kept`);
  });
});
