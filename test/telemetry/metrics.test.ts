import assert from 'node:assert/strict';
import { Api, eventually } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { untilEnded, untilPrinted } from '../support/live-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';
import { METRICS } from '../../src/telemetry/metric-names.js';

describe('GET /metrics', () => {
  let manager: TestManager;
  let api: Api;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500' });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  async function scrape(): Promise<string> {
    const response = await fetch(`${manager.url}/metrics`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    return response.text();
  }

  /** The sum over a metric's lines whose labels are as wanted. */
  function valueOf(text: string, name: string, labels = ''): number {
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return lines.filter((line) => line.includes(labels)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  it('tells a steered run, a lease that ran out and what waits, and names no tenant to anybody', async () => {
    const run = await api.createRun({ tenantId: 'a-tenant-of-ours' });
    const turn = await api.addTurn(run.id, 'echo ready; read x');
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    await untilPrinted(api, turn, 'ready');
    await api.post(`/api/v1/runs/${run.id}/commands`, { type: 'steer', payload: { prompt: 'go\n' } });
    await untilEnded(api, run.id);
    const held = await api.createRun({ tenantId: 'a-tenant-of-ours', retryPolicy: { maxAttempts: 1 } });
    await ForeignRunner.claim(api, held.id, { leaseMs: 1_000 });
    await untilEnded(api, held.id);
    await api.createRun({ tenantId: 'a-tenant-of-ours' });
    await api.post('/api/v1/queue/tasks', {
      tenantId: 'a-tenant-of-ours',
      projectId: 'shop',
      backendProfile: 'exec',
      prompt: 'true',
    });
    const text = await eventually(scrape, (all) => valueOf(all, 'agentrun_queue_tasks', 'state="pending"') === 1);
    assert.equal(valueOf(text, 'agentrun_runs', 'status="pending"'), 1);
    assert.equal(valueOf(text, 'agentrun_runs', 'status="running"'), 0);
    assert.equal(valueOf(text, 'agentrun_runs_ended_total', 'status="completed"'), 1);
    assert.equal(valueOf(text, 'agentrun_runs_ended_total', 'failure_kind="runner-lost"'), 1);
    assert.equal(valueOf(text, 'agentrun_lease_expiries_total'), 1);
    assert.equal(valueOf(text, 'agentrun_attempts_lost_total', 'reason="lease-expired"'), 1);
    assert.equal(valueOf(text, 'agentrun_claim_latency_seconds_count'), 2);
    assert.equal(valueOf(text, 'agentrun_steer_latency_seconds_count'), 1);
    assert.ok(valueOf(text, 'agentrun_steer_latency_seconds_sum') < 60);
    assert.ok(valueOf(text, 'agentrun_events_appended_total', 'type="command_output"') >= 1);
    assert.ok(valueOf(text, 'agentrun_http_request_duration_seconds_count', 'route="/api/v1/runs"') >= 3);
    assert.ok(!text.includes('a-tenant-of-ours') && !text.includes(run.id));
    const told = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    assert.deepEqual(
      [...told].filter((name) => !(name! in METRICS)),
      [],
    );
    assert.deepEqual(
      Object.keys(METRICS).filter((name) => !told.has(name)),
      [],
    );
  }).timeout(60_000);
});
