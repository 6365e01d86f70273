import assert from 'node:assert/strict';
import { stringify } from 'smol-toml';
import { AGENT_KEY, AGENT_PROGRAM } from '../support/acp-runner.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const PROFILE = '/api/v1/provider-profiles/parrot';

describe('an agent of a team that speaks ACP, end to end', () => {
  let manager: TestManager;
  let api: Api;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500' });
    api = new Api(manager.url, manager.operatorToken);
    const config = stringify({
      command: [process.execPath, AGENT_PROGRAM],
      api_key_env: 'AGENT_KEY',
      env: { AGENT: '{}' },
      capabilities: { usage: true },
    });
    await api.request('PUT', `${PROFILE}/config`, { config, kind: 'acp' });
  });
  after(async () => manager.stop());

  it('is a backend once it has its key, which every answer keeps to itself', async () => {
    const backend = async () => {
      const { items } = await api.get('/api/v1/backends');
      return items.find(({ name }: Loose) => name === 'parrot');
    };
    const keyless = await backend();
    assert.deepEqual([keyless.kind, keyless.protocol, keyless.ready], ['acp', 'acp', false]);
    assert.match(keyless.reason, /no credential is set/);
    await api.ok('PUT', `${PROFILE}/credential`, { apiKey: AGENT_KEY });
    const ready = await backend();
    assert.deepEqual([ready.ready, ready.reason], [true, null]);
    assert.equal(ready.command, `${process.execPath} ${AGENT_PROGRAM}`);
    assert.deepEqual(ready.capabilities, { steer: false, interrupt: true, resume: false, usage: true });
    const profile = await api.get(PROFILE);
    assert.deepEqual([profile.kind, profile.ready, profile.credential.reachesAgent], ['acp', true, true]);
    assert.doesNotMatch(JSON.stringify([profile, await api.get(`${PROFILE}/config`)]), new RegExp(AGENT_KEY));
  });

  it('does the turns of a run, which has its reply', async () => {
    const run = await api.createRun({ backendProfile: 'parrot' });
    await api.addTurn(run.id, 'think');
    const command = await api.addTurn(run.id, 'leak');
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`, { commandId: command.id });
    const ended = await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      (record) => record.terminalStatus !== null,
      40_000,
    );
    assert.equal(ended.status, 'completed', JSON.stringify(ended));
    const result = await api.get(`/api/v1/runs/${run.id}/result`);
    assert.equal(result.reply, 'the key is ***');
    const events = await api.events(run.id);
    assert.ok(events.some(({ type }) => type === 'plan'));
    assert.doesNotMatch(JSON.stringify(events), new RegExp(AGENT_KEY));
  }).timeout(60_000);

  it('is validated by a turn', async () => {
    const started = await api.post(`${PROFILE}/validate`);
    const ended = await eventually(
      async () => api.get(`${PROFILE}/validations/${started.id}`),
      ({ state }) => state !== 'running',
      40_000,
    );
    assert.deepEqual([ended.state, ended.reply, ended.failureMessage], ['succeeded', 'ready', null]);
  }).timeout(60_000);

  it('takes no file of a login, and no name of another kind', async () => {
    const authJson = { tokens: { access_token: 'planted-token' } };
    const login = await api.request('PUT', `${PROFILE}/credential`, { authJson });
    assert.deepEqual([login.status, login.body.error.details.field], [400, 'authJson']);
    const config = 'command = ["sh"]';
    const named = await api.request('PUT', '/api/v1/provider-profiles/codex/config', { config, kind: 'acp' });
    assert.deepEqual([named.status, named.body.error.details.field], [400, 'kind']);
    const own = await api.ok('PUT', '/api/v1/provider-profiles/acp/config', { config });
    assert.equal(own.kind, 'acp');
    await api.ok('DELETE', '/api/v1/provider-profiles/acp');
  });
});
