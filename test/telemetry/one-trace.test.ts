import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../src/processes/free-port.js';
import type { Api } from '../support/api.js';
import { eventually, type Loose } from '../support/api.js';
import { untilEnded, untilPrinted } from '../support/live-runner.js';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js';
import { startSplitManager, type SplitManager } from '../support/split-manager.js';

const SECRET = 'words-of-a-prompt-that-stay-where-they-are';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER_SPAN = '00f067aa0ba902b7';

const parsed = (lines: readonly string[]): Loose[] => lines.map((line) => JSON.parse(line));

describe('the telemetry of an API, a worker and a runner', function () {
  this.timeout(90_000);
  let collector: OtlpReceiver;
  let manager: SplitManager;
  let api: Api;
  let metricsPort: number;

  before(async () => {
    collector = await startOtlpReceiver();
    metricsPort = await freePort();
    manager = await startSplitManager({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      AGENTRUN_HEALTH_PORT: String(metricsPort),
      // The lines of a worker that tell of what went well are for debugging.
      AGENTRUN_LOG_LEVEL: 'debug',
    });
    api = manager.api;
  });
  after(async () => {
    await manager.stop();
    await collector.close();
  });

  const traceparent = { traceparent: `00-${TRACE}-${CALLER_SPAN}-01` };
  const post = async (path: string, body: unknown, headers = {}): Promise<Loose> => {
    const answer = await api.request('POST', path, body, headers);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const ofTrace = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId);
  const named = (spans: readonly ReceivedSpan[], name: string) => spans.filter((span) => span.name === name);

  /** Makes a run, steers its turn, and waits for the end of it all. */
  async function steeredRun(headers = {}): Promise<{ run: Loose; turn: Loose; steer: Loose }> {
    const body = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec', providerId: 'provider-1' };
    const made = await post('/api/v1/runs', body, headers);
    const run = made.data;
    if ('traceparent' in headers) assert.equal(made.traceId, run.traceId);
    const prompt = `echo ready; read x; echo "got $x" # ${SECRET}`;
    const { data: turn } = await post(`/api/v1/runs/${run.id}/commands`, { payload: { prompt } });
    await post(`/api/v1/runs/${run.id}/runner-jobs`, {});
    await untilPrinted(api, turn, 'ready');
    const { data: steer } = await post(`/api/v1/runs/${run.id}/commands`, {
      type: 'steer',
      payload: { prompt: `${SECRET}\n` },
    });
    await untilEnded(api, run.id);
    await api.get(`/api/v1/runs/${run.id}/result`);
    return { run, turn, steer };
  }

  /** A span whose parent is neither the caller's nor another of those that were sent. */
  function looseSpans(spans: readonly ReceivedSpan[], root: string | undefined): ReceivedSpan[] {
    const ids = new Set(spans.map(({ spanId }) => spanId));
    return spans.filter(({ parentSpanId }) => parentSpanId !== root && !ids.has(parentSpanId ?? ''));
  }

  /** The trace once all of these are in it, and each is connected: its processes send what they have when each thinks fit. */
  async function wholeTrace(traceId: string, root: string | undefined, names: readonly string[]) {
    const { spans } = await eventually(
      async () => {
        const spans = ofTrace(traceId);
        const missing = names.filter((name) => named(spans, name).length === 0);
        return { missing, loose: looseSpans(spans, root), spans };
      },
      ({ missing, loose }) => missing.length === 0 && loose.length === 0,
    );
    return spans;
  }

  it('is one connected trace of the caller’s, by the names that operators search for', async () => {
    const { run, turn, steer } = await steeredRun(traceparent);
    assert.equal(run.traceId, `trc_${TRACE}`);
    const spans = await wholeTrace(TRACE, CALLER_SPAN, [
      'POST /api/v1/runs',
      'temporal.update openRun',
      'run_created',
      'command_created',
      'runner_job_created',
      'projection_sync',
      'temporal.activity launchRunnerJob',
      'runner_runner_claim_accepted',
      'runner_attempt',
      'agent_turn',
      'agent_steer',
      'runner_steer_delivered',
      'runner_command_terminal',
      'runner_terminal.completed',
    ]);
    for (const name of ['runner_attempt', 'runner_terminal.completed']) assert.equal(named(spans, name).length, 1);
    const processes = new Set(spans.map(({ service, role }) => `${service} ${role ?? ''}`.trim()));
    assert.deepEqual(processes, new Set(['agentrun-mgr api', 'agentrun-mgr worker', 'agentrun-runner']));
    const [created] = named(spans, 'run_created');
    const { runId, backendProfile, providerId } = created?.attributes ?? {};
    assert.deepEqual([runId, backendProfile, providerId], [run.id, 'exec', 'provider-1']);
    const commands = named(spans, 'command_created').map(({ attributes }) => [
      attributes.commandId,
      attributes.commandType,
    ]);
    assert.deepEqual(new Set(commands.map(String)), new Set([`${turn.id},turn`, `${steer.id},steer`]));
    const [attempt] = named(spans, 'runner_attempt');
    assert.equal(attempt?.parentSpanId, named(spans, 'runner_job_created')[0]?.spanId);
    assert.deepEqual(
      spans.filter(({ isError }) => isError),
      [],
    );
  });

  it('is named, with the run, by the log lines of each process', async () => {
    const traceId = randomBytes(16).toString('hex');
    const headers = { traceparent: `00-${traceId}-${CALLER_SPAN}-01` };
    const { run } = await steeredRun(headers);
    assert.equal(run.traceId, `trc_${traceId}`);
    const { items } = await api.get(`/api/v1/runs/${run.id}/runner-jobs`);
    const file = join(manager.settings['AGENTRUN_DATA_DIR'] ?? '', 'runners', items[0].jobName, 'runner.log');
    await api.request('GET', `/api/v1/runs/${run.id}/result`, undefined, headers);
    const isOfRun = ({ runId, workflowId }: Loose) => runId === run.id || workflowId === run.workflowId;
    const told = await eventually(
      async () => ({
        requests: parsed(manager.server.log).filter(
          (line) => line.msg === 'request' && line.traceId === `trc_${traceId}`,
        ),
        work: parsed(manager.worker.log).filter(
          (line) => isOfRun(line) && /^Activity (completed|failed)/.test(line.msg),
        ),
        runner: parsed((await readFile(file, 'utf8')).trim().split('\n')),
      }),
      ({ requests, work, runner }) =>
        requests.some(({ path }) => path.endsWith('/result')) &&
        work.some(({ activityType }) => activityType === 'stopRunnerJob') &&
        runner.some(({ msg }) => msg === 'the runner ends'),
    );
    // The first line is of the request that made the run: its path names none.
    const [made, ...later] = told.requests;
    assert.deepEqual([made?.method, made?.path], ['POST', '/api/v1/runs']);
    for (const path of ['claim', 'result'])
      assert.ok(
        later.some((line) => line.path.endsWith(`/${path}`)),
        path,
      );
    for (const line of [...later.filter(({ path }) => path.includes('/runs/')), ...told.work, ...told.runner])
      assert.deepEqual([line.traceId, line.runId], [`trc_${traceId}`, run.id], JSON.stringify(line));
    const all = [...manager.server.log, ...manager.worker.log, await readFile(file, 'utf8')].join('\n');
    assert.ok(!all.includes(SECRET));
  });

  it('of a caller without a trace begins one that the answers name, and errors are marked', async () => {
    const body = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
    const { data: sent } = await post('/api/v1/sessions/traced/send', { prompt: 'exit 3', run: body });
    const { run } = sent;
    await untilEnded(api, run.id);
    const traceId = String(run.traceId).slice('trc_'.length);
    const spans = await wholeTrace(traceId, undefined, [
      'session_send',
      'runner_attempt',
      'agent_turn',
      'runner_terminal.failed',
    ]);
    const [send] = named(spans, 'session_send');
    assert.deepEqual([send?.attributes.sessionId, send?.attributes.decision], ['traced', 'turn']);
    assert.equal(named(spans, 'runner_terminal.failed')[0]?.isError, true);
    assert.equal(named(spans, 'agent_turn')[0]?.isError, true);
  });

  /** What the span of this name tells of a request that has the caller's trace. */
  async function toldOf(path: string, name: string): Promise<ReceivedSpan['attributes']> {
    const traceId = randomBytes(16).toString('hex');
    const headers = { traceparent: `00-${traceId}-${CALLER_SPAN}-01` };
    assert.equal((await api.request('GET', path, undefined, headers)).status, 200);
    const [span] = await eventually(
      async () => named(ofTrace(traceId), name),
      (spans) => spans.length > 0,
    );
    return span?.attributes ?? {};
  }

  it('tells a result by the state of its command, which is not the run’s', async () => {
    const body = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
    const { data: run } = await post('/api/v1/runs', body);
    const path = `/api/v1/runs/${run.id}`;
    assert.ok(!('commandState' in (await toldOf(`${path}/result`, 'command_result'))));
    const { data: turn } = await post(`${path}/commands`, { payload: { prompt: 'true' } });
    for (const asked of [`${path}/result?commandId=${turn.id}`, `${path}/commands/${turn.id}/result`]) {
      const { commandId, commandState } = await toldOf(asked, 'command_result');
      assert.deepEqual([commandId, commandState], [turn.id, 'pending']);
    }
    await post(`${path}/claim`, { runnerId: 'rnr_told' });
    await post(`/api/v1/commands/${turn.id}/ack`, {});
    assert.equal((await toldOf(`${path}/result`, 'command_result')).commandState, 'acknowledged');
    await post(`${path}/cancel`, {});
  });

  it('tells where a list of events was asked to go on, and how many it was answered', async () => {
    const body = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
    const { data } = await post('/api/v1/sessions/listed/send', { prompt: 'echo listed', run: body });
    await untilEnded(api, data.run.id);
    for (const list of ['/api/v1/runs/:runId/events', '/api/v1/sessions/:sessionId/trace']) {
      const path = list.replace(':runId', data.run.id).replace(':sessionId', 'listed');
      const { afterSeq, limit, eventCount } = await toldOf(`${path}?afterSeq=1&limit=2`, `GET ${list}`);
      assert.deepEqual([afterSeq, limit, eventCount].map(Number), [1, 2, 2], list);
    }
    const output = await toldOf('/api/v1/sessions/listed/output', 'GET /api/v1/sessions/:sessionId/output');
    assert.deepEqual([Number(output.limit), Number(output.eventCount) > 0], [100, true]);
  });

  it('holds no word of a prompt, no token and no tenant', () => {
    const all = collector.bodies.join('\n');
    for (const secret of [SECRET, manager.settings['AGENTRUN_OPERATOR_TOKEN'] ?? '', 'acme'])
      assert.ok(!all.includes(secret), secret);
  });

  it('sends figures of each process, those of the database once', async () => {
    const roles = (name: string) =>
      new Set(collector.metrics.filter((one) => one.name === name).map(({ role }) => role));
    // Claims are told by who writes down what they are answered.
    await eventually(
      async () => roles('agentrun_claim_latency_seconds'),
      (found) => found.has('api'),
    );
    assert.deepEqual(roles('agentrun_runs'), new Set(['api']));
    assert.deepEqual(roles('agentrun_steer_latency_seconds'), new Set(['api']));
  });

  it('lets the figures of a worker be fetched where it is told to, and nothing else', async () => {
    const url = `http://127.0.0.1:${metricsPort}`;
    const text = await (await fetch(`${url}/metrics`)).text();
    assert.match(text, /^agentrun_lease_expiries_total 0$/m);
    assert.ok(!text.includes('agentrun_runs{'));
    assert.equal((await fetch(`${url}/api/v1/runs`)).status, 404);
  });

  it('tells there what Temporal’s SDK counts, and sends it', async () => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    assert.match(text, /^temporal_worker_task_slots_available\{[^}]*worker_type="WorkflowWorker"[^}]*\} [1-9]\d*$/m);
    assert.match(text, /^temporal_workflow_task_schedule_to_start_latency_count\{[^}]*\} [1-9]\d*$/m);
    const sent = collector.metrics.filter(({ name }) => name === 'temporal_activity_schedule_to_start_latency');
    assert.deepEqual(new Set(sent.map(({ role }) => role)), new Set(['worker']));
  });

  it('calls a refusal no fault of the server', async () => {
    const headers = { traceparent: `00-${'a'.repeat(32)}-${CALLER_SPAN}-01` };
    assert.equal((await api.request('GET', '/api/v1/runs/run_000000000', undefined, headers)).status, 404);
    const [span] = await eventually(
      async () => ofTrace('a'.repeat(32)),
      (spans) => spans.length > 0,
    );
    assert.deepEqual([span?.isError, span?.attributes['http.response.status_code']], [false, 404]);
  });
});
