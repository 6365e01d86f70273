import assert from 'node:assert/strict';
import { Api, eventually } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

/** An operator of one tenant, and not of the one whose things are asked for. */
const GLOBEX = { name: 'globex', token: 'globex-operator-token-0123456789', tenants: ['globex'] };
const OURS = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
const TASK = { ...OURS, prompt: 'true' };
const WEBHOOK = { tenantId: 'acme', url: 'https://example.com/ends', secret: 'x'.repeat(32) };
const SPEC = { apiVersion: 'agentrun/v1', kind: 'AipodSpec', metadata: { name: 'default' }, spec: {} };
const PROFILE = { config: 'command = ["agent"]' };

/**
 * What each caller is told, in this order: a runner of another run, the runner of this run's earlier attempt, an operator of another tenant,
 * the runner itself. `ok`: whatever it is, it is no refusal of the caller. Nobody gets anywhere without a token, or with one that is none.
 */
const KINDS = {
  'of a run, its runner may': [403, 409, 404, 'ok'],
  'of a run, operators only': [403, 403, 404, 403],
  'of a tenant': [403, 403, 404, 403],
  'a list of what one may see': [403, 403, 'ok', 403],
  'made for a tenant': [403, 403, 403, 403],
  "of the installation, every operator's": [403, 403, 'ok', 403],
  "of the installation, its operators'": [403, 403, 403, 403],
  'anybody known': ['ok', 'ok', 'ok', 'ok'],
  'of a runner that waits, by its claim token': [401, 401, 401, 401],
} as const satisfies Record<string, readonly (number | 'ok')[]>;

type Kind = keyof typeof KINDS;

/** Every route that asks who speaks, and a body that it takes. */
const ROUTES: Record<string, [kind: Kind, body?: object]> = {
  'GET /api/v1/backends': ['anybody known'],
  'GET /api/v1/installation': ["of the installation, every operator's"],
  'POST /api/v1/runs': ['made for a tenant', OURS],
  'GET /api/v1/runs': ['a list of what one may see'],
  'GET /api/v1/runs/{runId}': ['of a run, its runner may'],
  'GET /api/v1/runs/{runId}/result': ['of a run, its runner may'],
  'GET /api/v1/runs/{runId}/explain': ['of a run, operators only'],
  'GET /api/v1/runs/{runId}/commands': ['of a run, its runner may'],
  'POST /api/v1/runs/{runId}/commands': ['of a run, operators only', { payload: { prompt: 'mine' } }],
  'GET /api/v1/runs/{runId}/commands/{commandId}': ['of a run, its runner may'],
  'GET /api/v1/runs/{runId}/commands/{commandId}/result': ['of a run, its runner may'],
  'POST /api/v1/runs/{runId}/events': ['of a run, its runner may', {}],
  'GET /api/v1/runs/{runId}/events': ['of a run, its runner may'],
  'GET /api/v1/runs/{runId}/events/stream': ['of a run, its runner may'],
  'POST /api/v1/runs/{runId}/claim': ['of a run, its runner may', { runnerId: '{caller}' }],
  'PATCH /api/v1/runs/{runId}/lease': ['of a run, its runner may', { runnerId: '{caller}' }],
  'POST /api/v1/runs/{runId}/runner-jobs': ['of a run, operators only', {}],
  'GET /api/v1/runs/{runId}/runner-jobs': ['of a run, its runner may'],
  'GET /api/v1/runs/{runId}/runner-jobs/{runnerJobId}': ['of a run, its runner may'],
  'POST /api/v1/commands/{commandId}/ack': ['of a run, its runner may', {}],
  'POST /api/v1/commands/{commandId}/cancel': ['of a run, operators only', {}],
  'PATCH /api/v1/commands/{commandId}/status': ['of a run, its runner may', { terminalStatus: 'completed' }],
  'POST /api/v1/runs/{runId}/cancel': ['of a run, operators only', {}],
  'PATCH /api/v1/runs/{runId}/status': ['of a run, its runner may', { terminalStatus: 'completed' }],
  'POST /api/v1/runners/register': ['of a run, its runner may', { runId: '{runId}', runnerId: '{caller}' }],
  'POST /api/v1/runners/assignment': ['of a runner that waits, by its claim token', { instance: '0123456789abcdef' }],
  'POST /api/v1/runners/retention': ["of the installation, its operators'", { dryRun: true }],
  'POST /api/v1/sessions': ['made for a tenant', { ...OURS, sessionId: 'new-session' }],
  'GET /api/v1/sessions': ['a list of what one may see'],
  'GET /api/v1/sessions/{sessionId}': ['of a tenant'],
  'GET /api/v1/sessions/{sessionId}/explain': ['of a tenant'],
  'GET /api/v1/sessions/{sessionId}/trace': ['of a tenant'],
  'GET /api/v1/sessions/{sessionId}/output': ['of a tenant'],
  'POST /api/v1/sessions/{sessionId}/send': ['of a tenant', { prompt: 'mine' }],
  'POST /api/v1/sessions/{sessionId}/read': ['of a tenant', {}],
  'POST /api/v1/sessions/{sessionId}/control': ['of a tenant', { action: 'read' }],
  'GET /api/v1/sessions/{sessionId}/storage': ['of a run, its runner may'],
  'POST /api/v1/sessions/{sessionId}/storage/refresh': [
    'of a run, its runner may',
    { pvcName: 'session-acme', namespace: 'local' },
  ],
  'DELETE /api/v1/sessions/{sessionId}/storage': ['of a tenant'],
  'POST /api/v1/sessions/storage/gc': ["of the installation, its operators'"],
  'POST /api/v1/queue/tasks': ['made for a tenant', TASK],
  'GET /api/v1/queue/tasks': ['a list of what one may see'],
  'GET /api/v1/queue/tasks/{taskId}': ['of a tenant'],
  'POST /api/v1/queue/tasks/{taskId}/refresh': ['of a tenant', {}],
  'POST /api/v1/queue/tasks/{taskId}/read': ['of a tenant', {}],
  'POST /api/v1/queue/tasks/{taskId}/cancel': ['of a tenant', {}],
  'POST /api/v1/queue/tasks/{taskId}/dispatch': ['of a tenant', {}],
  'GET /api/v1/queue/stats': ['a list of what one may see'],
  'GET /api/v1/queue/commander': ['a list of what one may see'],
  'GET /api/v1/queue/queues': ["of the installation, every operator's"],
  'GET /api/v1/queue/queues/{name}': ["of the installation, every operator's"],
  'PUT /api/v1/queue/queues/{name}': ["of the installation, its operators'", { paused: false }],
  'GET /api/v1/queue/budgets': ['a list of what one may see'],
  'GET /api/v1/queue/budgets/{tenantId}': ['of a tenant'],
  'PUT /api/v1/queue/budgets/{tenantId}': ["of the installation, its operators'", { maxTokens: 1_000 }],
  'DELETE /api/v1/queue/budgets/{tenantId}': ["of the installation, its operators'"],
  'POST /api/v1/queue/webhooks': ['made for a tenant', WEBHOOK],
  'GET /api/v1/queue/webhooks': ['a list of what one may see'],
  'GET /api/v1/queue/webhooks/{webhookId}': ['of a tenant'],
  'GET /api/v1/queue/webhooks/{webhookId}/deliveries': ['of a tenant'],
  'POST /api/v1/queue/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver': ['of a tenant'],
  'DELETE /api/v1/queue/webhooks/{webhookId}': ['of a tenant'],
  'POST /api/v1/queue/schedules': ['made for a tenant', { scheduleId: 'hourly', cron: '@hourly', task: TASK }],
  'GET /api/v1/queue/schedules': ['a list of what one may see'],
  'GET /api/v1/queue/schedules/{scheduleId}': ['of a tenant'],
  'PATCH /api/v1/queue/schedules/{scheduleId}': ['of a tenant', { paused: true }],
  'DELETE /api/v1/queue/schedules/{scheduleId}': ['of a tenant'],
  'GET /api/v1/provider-profiles': ["of the installation, every operator's"],
  'GET /api/v1/provider-profiles/{profile}': ["of the installation, every operator's"],
  'GET /api/v1/provider-profiles/{profile}/config': ["of the installation, every operator's"],
  'PUT /api/v1/provider-profiles/{profile}/config': ["of the installation, its operators'", PROFILE],
  'PUT /api/v1/provider-profiles/{profile}/credential': [
    "of the installation, its operators'",
    { apiKey: 'k-12345678' },
  ],
  'POST /api/v1/provider-profiles/{profile}/validate': ["of the installation, its operators'", {}],
  'GET /api/v1/provider-profiles/{profile}/validations/{validationId}': ['of a tenant'],
  'DELETE /api/v1/provider-profiles/{profile}': ["of the installation, its operators'"],
  'GET /api/v1/tool-credentials': ["of the installation, every operator's"],
  'GET /api/v1/tool-credentials/{name}': ["of the installation, every operator's"],
  'PUT /api/v1/tool-credentials/{name}/credential': ["of the installation, its operators'", { privateKey: 'none' }],
  'DELETE /api/v1/tool-credentials/{name}': ["of the installation, its operators'"],
  'POST /api/v1/aipod-specs': ["of the installation, its operators'", SPEC],
  'GET /api/v1/aipod-specs': ["of the installation, every operator's"],
  'GET /api/v1/aipod-specs/{name}': ["of the installation, every operator's"],
  'GET /api/v1/aipod-specs/{name}/versions': ["of the installation, every operator's"],
  'POST /api/v1/aipod-specs/{name}/render': ["of the installation, every operator's"],
  'PUT /api/v1/aipod-specs/{name}': ["of the installation, its operators'", SPEC],
  'DELETE /api/v1/aipod-specs/{name}': ["of the installation, its operators'"],
};
const OPEN = ['GET /health', 'GET /health/live', 'GET /health/readiness', 'GET /metrics', 'GET /openapi.json'];
const NOT_JSON = /\/(stream|metrics)$/;

interface Caller {
  readonly api: Api;
  /** What it calls itself in bodies. */
  readonly runnerId?: string;
}

describe('who may do what', function () {
  this.timeout(120_000);
  let manager: TestManager;
  let operator: Api;
  let known: Record<string, string>;
  let callers: Caller[];

  before(async () => {
    manager = await startTestManager({ AGENTRUN_OPERATORS_JSON: JSON.stringify([GLOBEX]) });
    operator = new Api(manager.url, manager.operatorToken);
    const run = await operator.createRun({ sessionRef: { sessionId: 'acme-session' } });
    const runPath = `/api/v1/runs/${run.id}`;
    const earlier = await ForeignRunner.claim(operator, run.id, { leaseMs: 1_000 });
    await eventually(
      async () => operator.get(runPath),
      ({ status }) => status === 'pending',
    );
    const own = await ForeignRunner.claim(operator, run.id, { leaseMs: 600_000 });
    const other = await ForeignRunner.claim(operator, (await operator.createRun()).id);
    callers = [other, earlier, { api: operator.as(GLOBEX.token) }, own];
    known = await thingsOf(operator, run.id);
  });
  after(async () => manager.stop());

  const pathOf = (path: string) =>
    path
      .replace('tool-credentials/{name}', 'tool-credentials/github-ssh')
      .replaceAll(/\{(\w+)\}/g, (_, name: string) => known[name] ?? `no-${name}`);

  async function ask({ api, runnerId = 'thief' }: Caller, route: string): Promise<{ status: number; text: string }> {
    const [method = '', path = ''] = route.split(' ');
    if (NOT_JSON.test(path)) return { status: await open(api, pathOf(path)), text: '' };
    const body = ROUTES[route]?.[1];
    const text =
      body &&
      JSON.stringify(body)
        .replace('{runId}', known['runId'] ?? '')
        .replace('{caller}', runnerId);
    const answer = await api.request(method, pathOf(path), text === undefined ? undefined : JSON.parse(text));
    return { status: answer.status, text: JSON.stringify(answer.body) };
  }

  async function open(api: Api, path: string): Promise<number> {
    const response = await fetch(api.url + path, { headers: api.headers });
    await response.body?.cancel();
    return response.status;
  }

  it('is said of every route that is served', async () => {
    const { paths } = (await operator.request('GET', '/openapi.json')).body;
    const served = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(served.sort(), [...OPEN, ...Object.keys(ROUTES)].sort());
  });

  it('is nothing for nobody, and everything open for everybody', async () => {
    for (const api of [operator.as(undefined), operator.as('no-token-of-ours')]) {
      for (const route of Object.keys(ROUTES)) assert.equal((await ask({ api }, route)).status, 401, route);
      for (const route of OPEN) assert.equal((await ask({ api }, route)).status, 200, route);
    }
  });

  for (const [index, who] of [
    "another run's runner",
    "an earlier attempt's runner",
    "another tenant's operator",
  ].entries()) {
    it(`is refused to ${who} where it is not its own, and tells nothing of it`, async () => {
      for (const [route, [kind]] of Object.entries(ROUTES)) {
        const { status, text } = await ask(callers[index]!, route);
        const expected = KINDS[kind][index];
        if (expected === 'ok') assert.ok(![401, 403].includes(status), `${route}: ${status} ${text}`);
        else assert.equal(status, expected, `${route}: ${text}`);
        if (status === 200 && kind !== 'of a tenant') assert.doesNotMatch(text, /acme|shop/, route);
      }
    });
  }

  it('is as it was after all that', async () => {
    const run = await operator.get(pathOf('/api/v1/runs/{runId}'));
    assert.deepEqual([run.status, run.attempt, run.lastCommandSeq], ['claimed', 2, 1]);
    assert.equal((await operator.get(pathOf('/api/v1/queue/tasks/{taskId}'))).state, 'pending');
    assert.equal((await operator.get(pathOf('/api/v1/sessions/{sessionId}'))).storageKind, 'none');
  });

  it('is given to the runner of its run, and to an operator of all tenants', async () => {
    for (const [route, [kind]] of Object.entries(ROUTES)) {
      const { status, text } = await ask(callers[3]!, route);
      const expected = KINDS[kind][3];
      if (expected === 'ok') assert.ok(![401, 403].includes(status), `${route}: ${status} ${text}`);
      else assert.equal(status, expected, `${route}: ${text}`);
    }
    for (const [route, [kind]] of Object.entries(ROUTES)) {
      const { status, text } = await ask({ api: operator }, route);
      const isClaim = kind === 'of a runner that waits, by its claim token';
      assert.equal([401, 403].includes(status), isClaim, `${route}: ${status} ${text}`);
    }
  });
});

/** One of each kind of thing, all of them acme's. */
async function thingsOf(operator: Api, runId: string): Promise<Record<string, string>> {
  const turn = await operator.addTurn(runId, 'anything');
  const task = await operator.post('/api/v1/queue/tasks', TASK);
  const webhook = await operator.post('/api/v1/queue/webhooks', WEBHOOK);
  await operator.post('/api/v1/queue/schedules', { scheduleId: 'nightly', cron: '@daily', task: TASK });
  await operator.ok('PUT', '/api/v1/queue/budgets/acme', { maxTokens: 1_000_000 });
  return {
    runId,
    commandId: turn.id,
    sessionId: 'acme-session',
    taskId: task.id,
    webhookId: webhook.id,
    scheduleId: 'nightly',
    tenantId: 'acme',
    name: 'default',
    profile: 'codex',
    runnerJobId: `rjob_${'0'.repeat(32)}`,
    validationId: `val_${'0'.repeat(32)}`,
    deliveryId: `dlv_${'0'.repeat(32)}`,
  };
}
