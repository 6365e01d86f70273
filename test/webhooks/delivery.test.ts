import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Writable } from 'node:stream';
import { projectRoot } from '../../scripts/project-root.js';
import { deliveryWorkflowId } from '../../src/domain/ids.js';
import { announceTaskEnd } from '../../src/operations/webhooks/announce-task-end.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { createWebhookGateway } from '../../src/temporal/webhook-gateway.js';
import { deliverNowSignal } from '../../workflows/webhook/messages.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { decoded } from '../support/histories/scrub.js';
import { filesOf, SecretHunt } from '../support/secret-hunt.js';
import { openTask } from '../support/tasks.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';
import { startWebhookReceiver, type ReceivedWebhook, type WebhookReceiver } from '../support/webhook-receiver.js';

const PATH = '/api/v1/queue/webhooks';
const SECRET = 'whsec_cGxhbnRlZCBhcyBhIHNpZ25pbmcga2V5';
const PROMPT = 'planted-prompt-that-nobody-is-told';

/** By itself nothing is told again while a test looks. */
const LEFT_ALONE = (response: ServerResponse) => void response.writeHead(503, { 'retry-after': '3600' }).end();

describe('a task that ended', function () {
  this.timeout(120_000);
  const logged: string[] = [];
  let manager: TestManager;
  let postgres: Postgres;
  let api: Api;
  let temporal: Client;
  let connection: Connection;
  let receiver: WebhookReceiver;
  let tenants = 0;
  let tenantId: string;

  before(async () => {
    const log = new Writable({ write: (chunk, _encoding, done) => done(void logged.push(String(chunk))) });
    manager = await startTestManager(
      { AGENTRUN_WEBHOOK_ALLOWED_HOSTS: '127.0.0.1', AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '200' },
      { log },
    );
    postgres = openPostgres({ connectionString: manager.database.connectionString, queryTimeoutMs: 30_000 });
    api = new Api(manager.url, manager.operatorToken);
    connection = await Connection.connect({ address: manager.temporal.address });
    temporal = new Client({ connection, namespace: manager.temporal.namespace });
  });
  beforeEach(async () => {
    receiver = await startWebhookReceiver();
    tenantId = `tenant-${(tenants += 1)}`;
  });
  afterEach(async () => receiver.close());
  after(async () => {
    await connection.close();
    await postgres.close();
    await manager.stop();
  });

  const createWebhook = async (given: Record<string, unknown> = {}): Promise<Loose> =>
    api.post(PATH, { url: receiver.url, secret: SECRET, tenantId, ...given });

  /** A task whose workflow says that it ended. */
  async function endTask(state: 'completed' | 'failed' = 'failed'): Promise<string> {
    const draft = { tenantId, payload: { prompt: PROMPT }, title: 'nightly' };
    const taskId = await openTask(postgres, draft, { state, phase: 'ended', failureKind: 'runner-lost' });
    await announceTaskEnd({ ...postgres, webhookGateway: createWebhookGateway(temporal) }, taskId);
    return taskId;
  }

  const newest = async (webhook: Loose): Promise<Loose> => (await api.get(`${PATH}/${webhook.id}/deliveries`)).items[0];

  const until = async (webhook: Loose, satisfies: (delivery: Loose) => boolean): Promise<Loose> =>
    eventually(async () => newest(webhook), satisfies);

  const handleOf = ({ id }: Loose) => temporal.workflow.getHandle(deliveryWorkflowId(id));

  it('is told to its webhooks with the record, without its prompt', async () => {
    const webhook = await createWebhook();
    await createWebhook({ states: ['completed'] });
    const taskId = await endTask();
    const { headers, body } = await receiver.untilReceived(1);
    const told = JSON.parse(body);
    assert.deepEqual([told.type, told.data.task.id, told.data.task.state], ['task.failed', taskId, 'failed']);
    assert.equal(told.data.task.finishedAt, told.timestamp);
    assert.ok(!body.includes(PROMPT));
    const delivery = await until(webhook, ({ state }) => state === 'delivered');
    assert.equal(headers['webhook-id'], delivery.id);
    assert.deepEqual(
      [delivery.taskId, delivery.type, delivery.attempts, delivery.lastStatusCode, delivery.lastError],
      [taskId, 'task.failed', 1, 204, null],
    );
    assert.ok(delivery.lastLatencyMs >= 0 && delivery.deliveredAt !== null && delivery.nextAttemptAt === null);
    assert.equal(await handleOf(delivery).result(), 'delivered');
    assert.equal(receiver.received.length, 1, 'the other webhook did not ask for failures');
  });

  it('is told by its own workflow, at each of its ends', async () => {
    await createWebhook();
    const asked = { tenantId, projectId: 'p', backendProfile: 'exec', prompt: 'exit 3', autoDispatch: true };
    const task = await api.post('/api/v1/queue/tasks', asked);
    const first = JSON.parse((await receiver.untilReceived(1, 60_000)).body);
    assert.deepEqual([first.type, first.data.task.id], ['task.failed', task.id]);
    assert.equal(first.data.task.state, 'failed');
    await api.post(`/api/v1/queue/tasks/${task.id}/dispatch`);
    const again = JSON.parse((await receiver.untilReceived(2, 60_000)).body);
    assert.deepEqual([again.type, again.data.task.latestAttempt.attempt], ['task.failed', 2]);
    assert.ok(again.timestamp > first.timestamp);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    assert.equal(new Set(ids).size, 2);
  });

  it('is verified by its receiver as the documentation says', async () => {
    const [byLibrary, byHand] = await examples();
    const { readDelivery } = await load<{ readDelivery: Check }>(byLibrary, SECRET);
    const { isGenuine } = await load<{ isGenuine: Check }>(byHand, SECRET);
    const plain = 'a-secret-of-plain-characters';
    const isGenuinePlain = (await load<{ isGenuine: Check }>(byHand, plain)).isGenuine;
    await createWebhook();
    await endTask();
    const request = await receiver.untilReceived(1);
    assert.equal((readDelivery(request.headers, request.body) as Loose).type, 'task.failed');
    assert.equal(isGenuine(request.headers, request.body), true);
    assert.equal(isGenuinePlain(request.headers, request.body), false);
    for (const forged of forgeries(request)) {
      assert.throws(() => readDelivery(forged.headers, forged.body));
      assert.equal(isGenuine(forged.headers, forged.body), false);
    }
    tenantId = `${tenantId}-plain`;
    await createWebhook({ secret: plain });
    await endTask();
    const other = await receiver.untilReceived(2);
    assert.deepEqual([isGenuine(other.headers, other.body), isGenuinePlain(other.headers, other.body)], [false, true]);
  });

  it('is told again to a receiver that failed, with the same id, and the log says when', async () => {
    const webhook = await createWebhook();
    receiver.answer(500, 204);
    await endTask();
    const waiting = await until(webhook, ({ attempts }) => attempts === 1);
    assert.deepEqual(
      [waiting.state, waiting.lastStatusCode, waiting.lastError],
      ['pending', 500, 'the receiver answered 500'],
    );
    const announcedAtMs = Date.parse(waiting.nextAttemptAt);
    const [first, second] = [receiver.received[0]!, await receiver.untilReceived(2)];
    const lateMs = second.atMs - announcedAtMs;
    assert.ok(lateMs >= -500 && lateMs < 10_000, `${lateMs} ms off`);
    assert.equal(second.headers['webhook-id'], first.headers['webhook-id']);
    assert.notEqual(second.headers['webhook-timestamp'], first.headers['webhook-timestamp']);
    const delivery = await until(webhook, ({ state }) => state === 'delivered');
    assert.equal(delivery.attempts, 2);
    const timer = (await handleOf(delivery).fetchHistory()).events?.find((event) => event.timerStartedEventAttributes);
    assert.equal(Buffer.from(timer?.userMetadata?.summary?.data ?? []).toString(), '"until try 2"');
  });

  it('is told no more to a receiver that is gone', async () => {
    const webhook = await createWebhook();
    receiver.answer(410);
    await endTask();
    const delivery = await until(webhook, ({ state }) => state === 'failed');
    const disabled = await api.get(`${PATH}/${webhook.id}`);
    assert.deepEqual([disabled.state, disabled.disabledReason], ['disabled', 'its receiver answered 410: it is gone']);
    await endTask();
    assert.equal((await newest(webhook)).id, delivery.id);
    const again = await api.request('POST', `${PATH}/${webhook.id}/deliveries/${delivery.id}/redeliver`);
    assert.equal(again.status, 409);
    assert.equal(receiver.received.length, 1);
  });

  it('is told no more once the webhook is deleted', async () => {
    const webhook = await createWebhook();
    receiver.answer(LEFT_ALONE);
    await endTask();
    const delivery = await until(webhook, ({ attempts }) => attempts === 1);
    await api.ok('DELETE', `${PATH}/${webhook.id}`);
    assert.deepEqual(await manager.platform.secrets.read({ kind: 'webhook', name: webhook.id }), undefined);
    await handleOf(delivery).signal(deliverNowSignal);
    assert.equal(await handleOf(delivery).result(), undefined);
    assert.equal(receiver.received.length, 1);
  });

  it('is told again when somebody asks: what is delivered, and what waits, at once', async () => {
    const webhook = await createWebhook();
    await endTask();
    const delivered = await until(webhook, ({ state }) => state === 'delivered');
    const path = `${PATH}/${webhook.id}/deliveries/${delivered.id}/redeliver`;
    receiver.answer(LEFT_ALONE);
    assert.equal((await api.post(path)).state, 'pending');
    const failing = await until(webhook, ({ attempts }) => attempts === 2);
    assert.deepEqual([failing.state, failing.lastStatusCode], ['pending', 503]);
    receiver.answer(204);
    await api.post(path);
    await receiver.untilReceived(3);
    const end = await until(webhook, ({ state }) => state === 'delivered');
    assert.deepEqual([end.id, end.attempts], [delivered.id, 3]);
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1);
  });

  it('is told by maintenance where its workflow lives and never heard that it is due', async () => {
    const webhook = await createWebhook();
    // So that only maintenance can be what tells it.
    receiver.answer(LEFT_ALONE, 204);
    await endTask();
    await until(webhook, ({ attempts }) => attempts === 1);
    await manager.database.query(`UPDATE webhook_deliveries SET next_attempt_at = now() - interval '1 hour'`);
    await temporal.schedule.getHandle('maintenance').trigger();
    await receiver.untilReceived(2);
  });

  it('is not told where the address became one that is not public', async () => {
    const webhook = await createWebhook();
    const inside = 'http://127.0.0.2:9/';
    await manager.database.query('UPDATE webhooks SET url = $2 WHERE id = $1', [webhook.id, inside]);
    await endTask();
    const { state, lastStatusCode, lastError } = await until(webhook, ({ attempts }) => attempts >= 1);
    assert.deepEqual([state, lastStatusCode], ['pending', null]);
    assert.match(lastError, /^the receiver is not at a public address/);
  });

  it('is told when a secret that could not be read can be again', async () => {
    const webhook = await createWebhook();
    const ref = { kind: 'webhook', name: webhook.id } as const;
    await manager.platform.secrets.delete(ref);
    await endTask();
    const { lastError } = await until(webhook, ({ attempts }) => attempts >= 1);
    assert.equal(lastError, "the webhook's secret is unreadable");
    await manager.platform.secrets.merge(ref, { secret: SECRET });
    await receiver.untilReceived(1);
    assert.ok((await until(webhook, ({ state }) => state === 'delivered')).attempts >= 2);
  });

  it("leaves its webhook's secret nowhere but in the store of secrets, and its prompt in no history", async () => {
    const hunt = new SecretHunt();
    hunt.plant('secret', SECRET);
    hunt.plant('key', Buffer.from(SECRET.slice(6), 'base64'));
    hunt.plant('prompt', PROMPT);
    const webhook = await createWebhook({ idempotencyKey: 'hunted' });
    receiver.answer(500, 204);
    await endTask();
    await until(webhook, ({ state }) => state === 'delivered');
    for (const { headers, body } of receiver.received) hunt.look('request', JSON.stringify([headers, body]));
    for await (const { workflowId, runId } of temporal.workflow.list()) {
      const handle = temporal.workflow.getHandle(workflowId, runId);
      hunt.look('histories', decoded(historyToJSON(await handle.fetchHistory())));
      hunt.look('histories', decoded(JSON.stringify((await handle.describe()).raw)));
    }
    const tables = await manager.database.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    for (const { name } of tables)
      for (const { text } of await manager.database.query<{ text: string }>(
        `SELECT row_to_json(t)::text AS text FROM ${name} t`,
      ))
        hunt.look(`table ${name}`, text);
    hunt.look(
      'answers',
      JSON.stringify([webhook, await api.get(PATH), await api.get(`${PATH}/${webhook.id}/deliveries`)]),
    );
    assert.match(logged.join(''), /"msg":"request"/);
    hunt.look('log', logged.join(''));
    for await (const { path, content } of filesOf(manager.dataDir)) hunt.look(`file ${path}`, content);
    assert.deepEqual(hunt.found(), { secret: [], key: [], prompt: ['table tasks'] });
  });
});

type Check = (headers: unknown, body: string) => unknown;

/** The examples of the documentation that verify a request: by the library, and by hand. */
async function examples(): Promise<[string, string]> {
  const text = await readFile(join(projectRoot, 'docs/queue-events.md'), 'utf8');
  const [byLibrary, byHand, ...more] = [...text.matchAll(/^```js\n([^]*?)^```$/gm)].map((match) => match[1]!);
  assert.deepEqual([byLibrary !== undefined, byHand !== undefined, more.length], [true, true, 0]);
  return [byLibrary!, byHand!];
}

/** An example as a module beside our own, so that it finds the packages. */
async function load<T>(example: string, secret: string): Promise<T> {
  const folder = await mkdtemp(join(projectRoot, 'dist', 'example-'));
  const file = join(folder, 'example.mjs');
  try {
    await writeFile(file, example.replace(/^(import .*;)$/m, `$1\nconst secret = ${JSON.stringify(secret)};`));
    return (await import(pathToFileURL(file).href)) as T;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function forgeries({ headers, body }: ReceivedWebhook) {
  const late = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 301) };
  return [
    { headers, body: body.replace('failed', 'completed') },
    { headers: { ...headers, 'webhook-id': 'dlv_another' }, body },
    { headers: { ...headers, 'webhook-signature': 'v1,' }, body },
    { headers: late, body },
  ];
}
