import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Api, eventually, type Loose } from '../support/api.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../support/codex.js';
import { runnerOfJob, untilEnded } from '../support/live-runner.js';
import { startMockProvider, type MockProvider } from '../support/mock-provider.js';
import { answer, shellCall, text } from '../support/mock-provider/answers.js';
import { heldText } from '../support/mock-provider/held-text.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const KEY = 'sk-planted-for-sessions';
let numbered = 0;
const newSession = () => `thread-${(numbered += 1)}-${Date.now()}`;

describe("a session's thread, of the real codex", function () {
  this.timeout(180_000);
  let manager: TestManager;
  let provider: MockProvider;
  let api: Api;
  const run = {
    tenantId: 'acme',
    projectId: 'shop',
    backendProfile: 'mock',
    executionPolicy: { sandbox: 'full-access', timeoutMs: 60_000, idleTimeoutMs: 60_000 },
    retryPolicy: { maxAttempts: 2, backoffMs: 100 },
  };

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    const codexPath = await codexForTests();
    provider = await startMockProvider([]);
    manager = await startTestManager({
      AGENTRUN_CODEX_PATH: codexPath,
      AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '1000',
      AGENTRUN_JOB_STOP_GRACE_MS: '3000',
    });
    api = new Api(manager.url, manager.operatorToken);
    const config = `model = "mock-model"
model_provider = "mock"
[model_providers.mock]
name = "Mock"
base_url = "${provider.baseUrl}"
env_key = "MOCK_KEY"
request_max_retries = 1
stream_max_retries = 1
`;
    await api.ok('PUT', '/api/v1/provider-profiles/mock/config', { config });
    await api.ok('PUT', '/api/v1/provider-profiles/mock/credential', { apiKey: KEY });
  });
  after(async () => {
    await manager.stop();
    await provider.close();
  });

  const send = async (sessionId: string, prompt: string) =>
    api.post(`/api/v1/sessions/${sessionId}/send`, { prompt, run });
  const result = async ({ run: { id }, command }: Loose) =>
    api.get(`/api/v1/runs/${id}/result?commandId=${command.id}`);
  const completed = async (sent: Loose) =>
    eventually(
      async () => result(sent),
      ({ terminalStatus }) => terminalStatus !== null,
      60_000,
    );

  it('goes on in a later run, with the earlier turns in what the provider receives', async () => {
    const sessionId = newSession();
    provider.script([text('First, I say apple.'), text('Second, I say pear.')]);
    const before = provider.requests.length;
    const first = await send(sessionId, 'Say a fruit.');
    assert.equal((await completed(first)).reply, 'First, I say apple.');
    await untilEnded(api, first.run.id);
    const second = await send(sessionId, 'Say another.');
    assert.notEqual(second.run.id, first.run.id);
    assert.equal((await completed(second)).reply, 'Second, I say pear.');
    assert.deepEqual(provider.conversation(before + 1).slice(-3), [
      'user: Say a fruit.',
      'assistant: First, I say apple.',
      'user: Say another.',
    ]);
    const [one, two] = await Promise.all([first, second].map(async (sent) => api.get(`/api/v1/runs/${sent.run.id}`)));
    assert.equal(one.threadId, two.threadId);
    assert.equal((await api.get(`/api/v1/sessions/${sessionId}`)).threadId, one.threadId);
    assert.equal(provider.requests[before]!.headers.authorization, `Bearer ${KEY}`);
    await untilEnded(api, second.run.id);
  });

  it('goes on in the next attempt after its runner was killed in the middle of a turn, the prompt asked once', async () => {
    const sessionId = newSession();
    const held = heldText();
    provider.script([text('Noted.'), held.reply, text('Done after all.')]);
    const before = provider.requests.length;
    const first = await send(sessionId, 'Remember seven.');
    await completed(first);
    const second = await send(sessionId, 'Now the long work.');
    await held.started;
    const { runner } = runnerOfJob((await api.get(`/api/v1/runs/${second.run.id}/runner-jobs`)).items.at(-1).jobName);
    process.kill(runner.pid, 'SIGKILL');
    assert.equal((await completed(second)).reply, 'Done after all.');
    const last = provider.conversation(provider.requests.length - 1);
    assert.ok(provider.requests.length >= before + 3);
    assert.equal(last.filter((line) => line === 'user: Remember seven.').length, 1);
    assert.equal(last.filter((line) => line === 'user: Now the long work.').length, 1);
    assert.equal((await api.get(`/api/v1/runs/${second.run.id}`)).attempt, 2);
    await untilEnded(api, second.run.id);
  });

  it('takes a send as a steer of the turn that streams, delivered when the agent shows it', async () => {
    const sessionId = newSession();
    const held = heldText();
    provider.script([held.reply, text('With the hint in mind.')]);
    const first = await send(sessionId, 'Think slowly.');
    await held.started;
    held.push('Let me ');
    const steer = await eventually(
      async () => api.get(`/api/v1/sessions/${sessionId}`),
      ({ executionState }) => executionState === 'running',
    ).then(async () => send(sessionId, 'Here is a hint.'));
    assert.equal(steer.decision, 'steer');
    const done = await completed(first);
    assert.equal(done.reply, 'With the hint in mind.');
    const delivery = done.steerDelivery.find(({ commandId }: Loose) => commandId === steer.command.id);
    assert.equal(delivery.state, 'delivered');
    const proof = (await api.events(first.run.id)).find(({ seq }) => seq === delivery.provedBySeq);
    assert.equal(proof.payload.phase, 'steer-delivered');
    assert.ok(provider.conversation(provider.requests.length - 1).includes('user: Here is a hint.'));
    await untilEnded(api, first.run.id);
  });

  it('keeps its workspace, and an agent finds the key of its provider nowhere', async () => {
    const sessionId = newSession();
    // The key is put together by the shell itself: written out, it would be found in the command.
    const key = `printf '%s%s' ${KEY.slice(0, 7)} ${KEY.slice(7)}`;
    const places = '.. /proc/[0-9]*/environ /proc/[0-9]*/cmdline';
    provider.script([
      answer([shellCall('echo made > made.txt')]),
      text('Made.'),
      answer([shellCall(`cat made.txt; ${key} | grep -rlF -f - ${places} 2>/dev/null; echo hunted`)]),
      text('Looked.'),
    ]);
    const first = await send(sessionId, 'Make a file.');
    await completed(first);
    await untilEnded(api, first.run.id);
    const second = await send(sessionId, 'Look for it.');
    await completed(second);
    const output = (await api.events(second.run.id))
      .filter(({ type }) => type === 'command_output')
      .map(({ payload }) => payload.text)
      .join('');
    assert.equal(output, 'made\nhunted\n');
    await untilEnded(api, second.run.id);
  });

  for (const [what, spoil] of [
    ['missing', async (file: string) => rm(file)],
    ['broken', async (file: string) => writeFile(file, 'no rollout\n')],
  ] as const) {
    it(`ends a run whose rollout is ${what} as thread-resume-failed, never in a fresh thread`, async () => {
      const sessionId = newSession();
      provider.script([text('Here.'), text('never asked')]);
      const first = await send(sessionId, 'Begin.');
      await completed(first);
      await untilEnded(api, first.run.id);
      const { pvcName } = await api.get(`/api/v1/sessions/${sessionId}/storage`);
      const volume = join(manager.dataDir, 'volumes', pvcName);
      const rollouts = (await readdir(volume, { recursive: true })).filter((name) => /rollout-.*\.jsonl$/.test(name));
      assert.equal(rollouts.length, 1, rollouts.join());
      for (const name of rollouts) await spoil(join(volume, name));
      const asked = provider.requests.length;
      const second = await send(sessionId, 'Go on.');
      const ended = await untilEnded(api, second.run.id);
      assert.deepEqual([ended.status, ended.failureKind], ['failed', 'thread-resume-failed']);
      assert.match((await result(second)).diagnosis, /thread/);
      assert.equal(provider.requests.length, asked);
    });
  }
});
