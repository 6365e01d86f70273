import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../src/config.js';
import { startEmbeddedStack, type EmbeddedStack } from '../../src/main/embedded-stack.js';
import { createLogger } from '../../src/main/logger.js';
import type { RunnerLaunch } from '../../src/ports/runner-platform.js';
import { eventually, type Loose } from '../support/api.js';
import { cli } from '../support/cli.js';
import { decoded } from '../support/histories/scrub.js';
import { listenToSdk } from '../support/quiet-runtime.js';
import { McpCaller } from '../support/mcp-client.js';
import { startMockProvider, type MockProvider } from '../support/mock-provider.js';
import { httpError } from '../support/mock-provider/failures.js';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.js';
import { filesOf, ProcessWatch, SecretHunt } from '../support/secret-hunt.js';
import { database, refusingGitServer } from '../support/secret-places.js';
import { createTestNamespace } from '../support/temporal-server.js';
import { WatchedApi } from '../support/watched-api.js';

/** No secret, and neither is a Job's id: they show that the places are looked at. */
const RUNNER_ID = `rnr_${randomBytes(9).toString('hex')}`;

const secret = () => `planted-${randomBytes(18).toString('base64url')}`;

/** What somebody chose, and must not find anywhere but where it belongs. */
const SECRETS = {
  operatorToken: secret(),
  wrongToken: secret(),
  tokenInQuery: secret(),
  brokenBody: secret(),
  unknownWord: secret(),
  repoPassword: secret(),
  gitConfigPassword: secret(),
  runFailureMessage: secret(),
  commandFailureMessage: secret(),
  cancelReason: secret(),
  prompt: secret(),
  profileKey: secret(),
  profileHeader: secret(),
  profileBearer: secret(),
  refusedKey: secret(),
  refusedConfig: secret(),
};

/** Words that are a record's content: in the record, where people are shown it, and in the files of the database that keeps it. */
const RECORD = ['answers', 'command line', 'database', 'file postgres/cluster'];
/** Why something is as it is, which agents may ask for too. */
const REASON = [...RECORD, 'MCP'];

const EXPECTED: Record<string, string[]> = {
  operatorToken: [],
  wrongToken: [],
  tokenInQuery: [],
  brokenBody: [],
  unknownWord: [],
  repoPassword: [],
  // Put into the URL by the configuration of the runner's user, and on a command line by git itself.
  gitConfigPassword: ['processes'],
  runFailureMessage: REASON,
  commandFailureMessage: REASON,
  cancelReason: REASON,
  // An exec turn's prompt is the agent's command line, and its first event.
  prompt: [...RECORD, 'answers of events', 'database of events', 'processes'],
  // Encrypted where they are kept, and handed to the runner where nobody else looks.
  profileKey: [],
  profileHeader: [],
  profileBearer: [],
  refusedKey: [],
  refusedConfig: [],
  claimToken: ['answers to claims'],
  jobToken: [],
  madeOperatorToken: ['file keys/operator-token'],
  runnerTokenKey: ['file keys/runner-token-key'],
  secretsKey: [],
  secretsKeyText: ['file keys/secrets-key'],
  runnerId: [
    ...REASON,
    'answers of events',
    'answers to claims',
    'database of events',
    'histories',
    'spans and metrics',
    "the manager's log",
  ],
  jobId: ['answers', 'database', 'file postgres/cluster', 'file runners', 'histories'],
  databasePassword: ['file postgres/password'],
};

describe('a planted secret', function () {
  this.timeout(240_000);
  const hunt = new SecretHunt(new Map(Object.entries(SECRETS)));
  const logged: string[] = [];
  const sdkSaid: string[] = [];
  const launches: RunnerLaunch[] = [];
  let home: string;
  let dataDir: string;
  let stack: EmbeddedStack;
  let api: WatchedApi;
  let temporal: Client;
  let gitServer: Server;
  let provider: MockProvider;
  let collector: OtlpReceiver;
  let basicAuth: string[];
  const told: string[] = [];
  let stopListening: () => void;
  let processes: ProcessWatch | undefined;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'agentrun-secret-'));
    dataDir = join(home, 'data');
    ({ gitServer, basicAuth } = await refusingGitServer());
    provider = await startMockProvider(() => httpError(401));
    collector = await startOtlpReceiver();
    const withPassword = `http://user:${SECRETS.gitConfigPassword}@${gitHost()}/`;
    await writeFile(join(home, '.gitconfig'), `[url "${withPassword}"]\n  insteadOf = http://${gitHost()}/\n`);
    const { address, namespace } = await createTestNamespace();
    stopListening = listenToSdk((line) => sdkSaid.push(line));
    const settings = readSettings({
      AGENTRUN_DATA_DIR: dataDir,
      AGENTRUN_PORT: '0',
      AGENTRUN_TEMPORAL_ADDRESS: address,
      AGENTRUN_TEMPORAL_NAMESPACE: namespace,
      AGENTRUN_OPERATOR_TOKEN: SECRETS.operatorToken,
      AGENTRUN_LOG_LEVEL: 'trace',
      AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '300',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRIC_EXPORT_INTERVAL: '200',
    });
    const logger = () => createLogger('trace', { write: (line) => void logged.push(line) });
    stack = await startEmbeddedStack({
      settings,
      environment: { ...process.env, HOME: home },
      logger,
      onProgress: () => undefined,
    });
    const launch = stack.platform.launch.bind(stack.platform);
    stack.platform.launch = async (job) => launch((launches.push(job), job));
    api = new WatchedApi(stack.url, SECRETS.operatorToken);
    temporal = new Client({ connection: await Connection.connect({ address }), namespace });
  });
  after(async () => {
    processes?.stop();
    stopListening();
    gitServer.close();
    await provider.close();
    await collector.close();
    await temporal.connection.close();
    for (const job of await stack.platform.list()) await stack.platform.stop(job.jobName, { graceMs: 0 });
    await stack.stop();
    await rm(home, { recursive: true, force: true });
  });

  const ended = async (runId: string) =>
    eventually(
      async () => api.get(`/api/v1/runs/${runId}`),
      ({ terminalStatus }) => terminalStatus !== null,
    );
  const gitHost = () => `127.0.0.1:${(gitServer.address() as AddressInfo).port}`;

  /** A run whose runner prints the planted prompt, is cut off from the database once, and is cancelled for the planted reason. */
  async function cancelledLife(): Promise<void> {
    const run = await api.createRun();
    await api.addTurn(run.id, `echo ${SECRETS.prompt}; sleep 600`);
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    await eventually(
      async () => api.events(run.id),
      (events) => events.some(({ type }) => type === 'command_output'),
    );
    await database(dataDir, async (client) => {
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
    });
    await eventually(
      async () => api.request('POST', `/api/v1/runs/${run.id}/cancel`, { reason: SECRETS.cancelReason }),
      ({ status }) => status === 200,
    );
    assert.equal((await ended(run.id)).cancelReason, SECRETS.cancelReason);
  }

  /** A run whose runner cannot clone, and has a password in its own configuration. */
  async function cloneLife(): Promise<void> {
    const run = await api.createRun({ workspaceRef: { kind: 'git', repoUrl: `http://${gitHost()}/x.git` } });
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    const { status, failureKind, failureMessage } = await ended(run.id);
    assert.deepEqual([status, failureKind], ['failed', 'runner-start-failed'], failureMessage);
    assert.match(failureMessage, /Authentication failed/);
    assert.deepEqual(new Set(basicAuth), new Set([`user:${SECRETS.gitConfigPassword}`]));
  }

  /** A run by hand that fails in the planted words. */
  async function failedLife(): Promise<void> {
    const run = await api.createRun();
    const turn = await api.addTurn(run.id, 'true');
    const claimed = await api.post(`/api/v1/runs/${run.id}/claim`, { runnerId: RUNNER_ID });
    hunt.plant('claimToken', signatureOf(claimed.runnerToken));
    const runner = api.as(claimed.runnerToken);
    await runner.post(`/api/v1/commands/${turn.id}/ack`);
    const failure = { terminalStatus: 'failed', failureKind: 'backend-failed' };
    const ofCommand = { ...failure, failureMessage: SECRETS.commandFailureMessage };
    await runner.patch(`/api/v1/commands/${turn.id}/status`, ofCommand);
    await runner.patch(`/api/v1/runs/${run.id}/status`, { ...failure, failureMessage: SECRETS.runFailureMessage });
    await api.get(`/api/v1/runs/${run.id}/result`);
    await api.get(`/api/v1/runs/${run.id}/commands/${turn.id}/result`);
    await api.raw('GET', `/api/v1/runs/${run.id}/events/stream`);
    await runner.request('POST', `/api/v1/runs/${run.id}/events`, { type: 'error' });
  }

  /** A profile that is set, shown in every way, tried by a runner, and removed. */
  async function profileLife(): Promise<void> {
    const path = '/api/v1/provider-profiles/planted';
    const config = [
      'model_provider = "local"',
      '[model_providers.local]',
      'name = "Local"',
      `base_url = "${provider.baseUrl}"`,
      'request_max_retries = 0',
      `http_headers = { X-Team = "${SECRETS.profileHeader}" } # ${SECRETS.profileHeader}`,
      `experimental_bearer_token = '''${SECRETS.profileBearer}'''`,
    ].join('\n');
    const put = async (rest: string, body: unknown) => api.request('PUT', `${path}/${rest}`, body);
    await api.ok('PUT', `${path}/config`, { config });
    await api.ok('PUT', `${path}/credential`, { apiKey: SECRETS.profileKey });
    const refused = [
      await put('config', { config: `a = "${SECRETS.refusedConfig}` }),
      await put('config', { config: `model_provider = "${SECRETS.refusedConfig}"` }),
      await put('config', {
        config: `[model_providers.sk-${SECRETS.refusedConfig}]\nbase_url = "https://u:${SECRETS.refusedConfig}@h"`,
      }),
      await put('config', { config: [SECRETS.refusedConfig] }),
      await put('credential', { apiKey: `${SECRETS.refusedKey} and more` }),
      await put('credential', { authJson: `{"token": "${SECRETS.refusedKey}"` }),
      await put('credential', { authJson: { token: SECRETS.refusedKey } }),
    ];
    for (const { status } of refused) assert.equal(status, 400);
    for (const shown of ['/api/v1/backends', '/api/v1/provider-profiles', path, `${path}/config`]) await api.get(shown);
    const { id, runId } = await api.post(`${path}/validate`);
    await ended(runId);
    await api.get(`${path}/validations/${id}`);
    await api.get(`/api/v1/runs/${runId}/result`);
    await api.events(runId);
  }

  /** Requests that are refused for what they hold. */
  async function refusals(): Promise<void> {
    await api.as(SECRETS.wrongToken).request('GET', '/api/v1/runs');
    await api.as(`eyJhbGciOiJIUzI1NiJ9.${SECRETS.wrongToken}.${SECRETS.wrongToken}`).request('GET', '/api/v1/runs');
    await api.as(undefined).request('GET', `/api/v1/runs?access_token=${SECRETS.tokenInQuery}`);
    await api.request('GET', `/api/v1/runs?cursor=${SECRETS.tokenInQuery}&status=${SECRETS.unknownWord}`);
    await api.raw('POST', '/api/v1/runs', `{"tenantId": "acme", "token": "${SECRETS.brokenBody}`);
    await api.raw('POST', '/api/v1/runs', `"${SECRETS.brokenBody}`);
    const body = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
    const bad = [
      ...['https', 'smb'].map((scheme) => `${scheme}://user:${SECRETS.repoPassword}@${gitHost()}/x.git`),
      `https://${gitHost()}/x.git?access_token=${SECRETS.repoPassword}`,
      { workspaceRef: { kind: SECRETS.unknownWord } },
      { executionPolicy: { sandbox: SECRETS.unknownWord, timeoutMs: SECRETS.unknownWord } },
      { metadata: SECRETS.unknownWord, endsWithTurn: SECRETS.unknownWord },
    ];
    for (const more of bad.map((given) =>
      typeof given === 'string' ? { workspaceRef: { kind: 'git', repoUrl: given } } : given,
    )) {
      const { status } = await api.request('POST', '/api/v1/runs', { ...body, ...more });
      assert.equal(status, 400);
    }
  }

  async function lookIntoTemporal(): Promise<void> {
    const list = async () => {
      const found: Loose[] = [];
      for await (const execution of temporal.workflow.list()) found.push(execution);
      return found;
    };
    const executions = await eventually(
      list,
      (found) => found.filter(({ type }) => type === 'runWorkflow').length === 4,
    );
    for (const { workflowId, runId, type } of executions) {
      const handle = temporal.workflow.getHandle(workflowId, runId);
      const history = await handle.fetchHistory();
      assert.ok((history.events?.length ?? 0) > 3);
      hunt.look('histories', decoded(historyToJSON(history)));
      hunt.look('histories', decoded(JSON.stringify((await handle.describe()).raw)));
      if (type !== 'runWorkflow') continue;
      // Summary and current details are told by this query only.
      hunt.look('histories', JSON.stringify(await handle.query('__temporal_workflow_metadata')));
    }
  }

  async function lookIntoDatabase(): Promise<void> {
    await database(dataDir, async (client) => {
      const tables = await client.query(
        `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
      );
      for (const { name } of tables.rows) {
        const { rows } = await client.query(`SELECT row_to_json(t)::text AS text FROM ${name} t`);
        const place = name.includes('events') ? 'database of events' : 'database';
        for (const { text } of rows) hunt.look(place, text);
      }
    });
  }

  /** What people and agents are shown, by every way there is. */
  async function lookOverShoulders(): Promise<void> {
    const { items } = await api.get('/api/v1/runs');
    for (const { id } of items) {
      await api.get(`/api/v1/runs/${id}/explain`);
      await command('run', 'explain', id);
    }
    const failed = items.find(({ failureMessage }: Loose) => failureMessage === SECRETS.runFailureMessage);
    for (const view of ['show', 'tail']) await command('run', view, failed.id);
    await command('run', 'show', '--json', failed.id);
    const cancelled = items.find(({ cancelReason }: Loose) => cancelReason === SECRETS.cancelReason);
    await command('run', 'tail', cancelled.id);
    for (const asked of [
      ['run', 'list'],
      ['profile', 'list', '--json'],
      ['credential', 'list'],
      ['backend', 'list'],
      ['health'],
      ['run', 'create', '--no-such-option', SECRETS.unknownWord],
    ]) {
      await command(...asked);
    }
    await api.raw('GET', '/');
    hunt.look('metrics', await api.raw('GET', '/metrics'));
    const mcp = await McpCaller.overStdio({ AGENTRUN_URL: stack.url, AGENTRUN_OPERATOR_TOKEN: SECRETS.operatorToken });
    for (const { id } of items) hunt.look('MCP', JSON.stringify(await mcp.call('explain_run', { runId: id })));
    hunt.look('MCP', await mcp.failure('get_task', { taskId: SECRETS.unknownWord }));
    await mcp.close();
  }

  async function command(...args: string[]): Promise<void> {
    const { code, stdout, stderr } = await cli(args, {
      AGENTRUN_URL: stack.url,
      AGENTRUN_OPERATOR_TOKEN: SECRETS.operatorToken,
      AGENTRUN_DATA_DIR: dataDir,
    });
    told.push(`${args.slice(0, 2).join(' ')}: ${code}`);
    hunt.look('command line', stdout + stderr);
  }

  it('is found where it belongs and nowhere else', async () => {
    processes = new ProcessWatch();
    await Promise.all([cloneLife(), failedLife(), profileLife()]);
    // Alone, since it cuts everybody off from the database.
    await cancelledLife();
    await refusals();
    const passwordFile = join(dataDir, 'postgres', 'password');
    hunt.plant('databasePassword', (await readFile(passwordFile, 'utf8')).trim());
    hunt.plant('jobToken', signatureOf(launches.at(-1)?.runnerToken ?? assert.fail('no Job was launched')));
    hunt.plant('runnerId', RUNNER_ID);
    hunt.plant('jobId', launches.at(-1)?.jobId ?? '');
    hunt.plant('madeOperatorToken', stack.keys.operatorToken);
    hunt.plant('runnerTokenKey', stack.keys.runnerTokenKey);
    hunt.plant('secretsKey', stack.keys.secretsKey);
    hunt.plant('secretsKeyText', (await readFile(join(dataDir, 'keys', 'secrets-key'), 'utf8')).trim());
    await lookIntoTemporal();
    await lookIntoDatabase();
    hunt.look('processes', processes.stop());
    // Whose environments hold the token that they were given.
    await lookOverShoulders();
    await stack.stop();
    assert.ok(told.filter((line) => line.endsWith(': 0')).length > 10, told.join('\n'));
    assert.ok(collector.spans.length > 20 && collector.metrics.length > 20);
    for (const body of collector.bodies) hunt.look('spans and metrics', body);
    for (const [place, text] of api.answers) hunt.look(place, text);
    assert.match(logged.join(''), /"msg":"request"/);
    assert.match(sdkSaid.join('\n'), /Workflow bundle|RUNNING/);
    hunt.look("the manager's log", logged.join(''));
    hunt.look("the SDK's log", sdkSaid.join('\n'));
    for await (const { path, content } of filesOf(dataDir))
      hunt.look(`file ${path.replace(/^(postgres\/cluster|runners|volumes)\/.*/, '$1')}`, content);
    const expected = Object.entries(EXPECTED).map(([name, places]) => [name, [...places].sort()]);
    assert.deepEqual(hunt.found(), Object.fromEntries(expected));
  });
});

/** The part of a runner token that only the manager can make. */
function signatureOf(token: string): string {
  return token.slice(token.lastIndexOf('.') + 1);
}
