import assert from 'node:assert/strict';
import { Api, type Loose } from '../support/api.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const WHOSE = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
const sandboxOf = ({ executionPolicy }: Loose): string => executionPolicy.sandbox;

describe('the sandbox of work that names none', () => {
  let manager: TestManager;
  let api: Api;

  before(async () => {
    manager = await startTestManager({ AGENTRUN_DEFAULT_SANDBOX: 'full-access' });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  const send = async (sessionId: string, run: Record<string, unknown>): Promise<Loose> => {
    const body = { prompt: 'echo said', createRunnerJob: false, run: { ...WHOSE, ...run } };
    return (await api.post(`/api/v1/sessions/${sessionId}/send`, body)).run;
  };

  it("is the installation's, in runs, tasks and sessions alike", async () => {
    assert.equal(sandboxOf(await api.createRun()), 'full-access');
    assert.equal(sandboxOf(await api.createRun({ executionPolicy: null })), 'full-access');
    assert.equal(sandboxOf(await api.createRun({ executionPolicy: { timeoutMs: 5_000 } })), 'full-access');
    assert.equal(sandboxOf(await send('silent', {})), 'full-access');
    assert.equal(sandboxOf(await send('other-words', { executionPolicy: { network: false } })), 'full-access');
    const task = await api.post('/api/v1/queue/tasks', {
      ...WHOSE,
      prompt: 'echo',
      executionPolicy: { network: false },
    });
    assert.equal(sandboxOf(await api.get(`/api/v1/queue/tasks/${task.id}`)), 'full-access');
  });

  it('is what the work says where it says it', async () => {
    const executionPolicy = { sandbox: 'read-only' };
    assert.equal(sandboxOf(await api.createRun({ executionPolicy })), 'read-only');
    assert.equal(sandboxOf(await send('narrow', { executionPolicy })), 'read-only');
    const task = await api.post('/api/v1/queue/tasks', { ...WHOSE, prompt: 'echo', executionPolicy });
    assert.equal(sandboxOf(await api.get(`/api/v1/queue/tasks/${task.id}`)), 'read-only');
  });

  it('is none of the agent in the trial of a profile either, where the installation has none', async () => {
    const profile = '/api/v1/provider-profiles/mute';
    await api.ok('PUT', `${profile}/config`, { config: 'command = ["true"]', kind: 'acp' });
    const { runId } = await api.post(`${profile}/validate`);
    assert.equal(sandboxOf(await api.get(`/api/v1/runs/${runId}`)), 'full-access');
  });

  it("is an AipodSpec's where that says it", async () => {
    const document = (name: string, policy: Record<string, unknown>) => ({
      apiVersion: 'agentrun/v1',
      kind: 'AipodSpec',
      metadata: { name },
      spec: { ...WHOSE, executionPolicy: policy },
    });
    for (const [name, policy, sandbox] of [
      ['careful', { sandbox: 'workspace-write' }, 'workspace-write'],
      ['silent', { timeoutMs: 60_000 }, 'full-access'],
    ] as const) {
      await api.post('/api/v1/aipod-specs', document(name, policy));
      const task = await api.post('/api/v1/queue/tasks', { aipod: name, prompt: 'echo' });
      assert.equal(sandboxOf(await api.get(`/api/v1/queue/tasks/${task.id}`)), sandbox);
    }
  });
});
