import assert from 'node:assert/strict';
import { Api, eventually } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { KINDS, OPEN, ROUTES, TASK, WEBHOOK } from '../support/route-callers.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

/** An operator of one tenant, and not of the one whose things are asked for. */
const GLOBEX = { name: 'globex', token: 'globex-operator-token-0123456789', tenants: ['globex'] };
/** What the runner of a run that is over is refused, though it was its own; what else it says again is answered as it was. */
const ONLY_WHILE_IT_LIVES = [
  'POST /api/v1/runs/{runId}/events',
  'POST /api/v1/runs/{runId}/claim',
  'PATCH /api/v1/runs/{runId}/lease',
];
const NOT_JSON = /\/(stream|metrics)$/;

interface Caller {
  readonly api: Api;
  /** Whose things it asks for, where they are not those of the run that goes on. */
  readonly things?: Record<string, string>;
  /** What it calls itself in bodies. */
  readonly runnerId?: string;
}

describe('who may do what', function () {
  this.timeout(120_000);
  let manager: TestManager;
  let operator: Api;
  let known: Record<string, string>;
  let callers: Caller[];
  let ended: Caller & { readonly things: Record<string, string> };
  let provider: IdentityProvider;

  before(async () => {
    provider = await IdentityProvider.start();
    manager = await startTestManager({
      AGENTRUN_OPERATORS_JSON: JSON.stringify([GLOBEX]),
      AGENTRUN_OIDC_ISSUER: provider.issuer,
      AGENTRUN_OIDC_AUDIENCE: 'agentrun',
      // As many without a good token as there are routes, and nobody is told to come back later.
      AGENTRUN_BAD_TOKENS_PER_SECOND: '0',
    });
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
    ended = await endedRun(operator, known);
  });
  after(async () => {
    await manager.stop();
    await provider.stop();
  });

  const pathOf = (path: string, things = known) =>
    path
      .replace('tool-credentials/{name}', 'tool-credentials/github-ssh')
      .replaceAll(/\{(\w+)\}/g, (_, name: string) => things[name] ?? `no-${name}`);

  async function ask(
    { api, runnerId = 'thief', things = known }: Caller,
    route: string,
  ): Promise<{ status: number; text: string }> {
    const [method = '', path = ''] = route.split(' ');
    if (NOT_JSON.test(path)) return { status: await open(api, pathOf(path, things)), text: '' };
    const body = ROUTES[route]?.[1];
    const text =
      body &&
      JSON.stringify(body)
        .replace('{runId}', things['runId'] ?? '')
        .replace('{caller}', runnerId);
    const answer = await api.request(method, pathOf(path, things), text === undefined ? undefined : JSON.parse(text));
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
    const rights = { agentrun_tenants: ['acme'], sub: 'ann' };
    const good = operator.as(await provider.token(rights));
    assert.equal((await ask({ api: good }, 'GET /api/v1/runs')).status, 200, 'what is wrong with it later is its age');
    const hourAgo = Math.floor(Date.now() / 1_000) - 3_600;
    const expired = await provider.token({ ...rights, iat: hourAgo - 300, exp: hourAgo });
    for (const api of [operator.as(undefined), operator.as('no-token-of-ours'), operator.as(expired)]) {
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

  it('is for the runner of a run that has ended a look at that run, and changes nothing of it', async () => {
    const { api, things } = ended;
    const runPath = `/api/v1/runs/${things['runId']}`;
    const parts = [runPath, `${runPath}/commands`, `${runPath}/events`];
    const asItIs = async () => Promise.all(parts.map(async (path) => operator.get(path)));
    const before = await asItIs();
    for (const [route, [kind]] of Object.entries(ROUTES)) {
      const { status, text } = await ask(ended, route);
      const expected = ONLY_WHILE_IT_LIVES.includes(route) ? 409 : KINDS[kind][3];
      if (expected === 'ok') assert.ok(![401, 403].includes(status), `${route}: ${status} ${text}`);
      else assert.equal(status, expected, `${route}: ${text}`);
    }
    for (const path of [`/api/v1/commands/${things['commandId']}/status`, `${runPath}/status`])
      await api.request('PATCH', path, { terminalStatus: 'failed', failureKind: 'backend-failed' });
    assert.deepEqual(await asItIs(), before);
  });

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

/** The last runner of a run that is over, with what that run left; what is not of runs is the other's. */
async function endedRun(operator: Api, known: Record<string, string>) {
  const run = await operator.createRun({ sessionRef: { sessionId: 'acme-ended' } });
  const turn = await operator.addTurn(run.id, 'anything');
  const runner = await ForeignRunner.claim(operator, run.id, { leaseMs: 600_000 });
  await runner.ack(turn.id);
  await runner.finishCommand(turn.id);
  await runner.finishRun();
  const { api, runnerId } = runner;
  return { api, runnerId, things: { ...known, runId: run.id, commandId: turn.id, sessionId: 'acme-ended' } };
}

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
