import assert from 'node:assert/strict';
import pc from 'picocolors';
import { sendOnce } from '../../src/cli/ask-once.js';
import { failureOf } from '../../src/cli/failure.js';
import { makeRun } from '../../src/cli/commands/run/make-run.js';
import { Screen } from '../../src/cli/screen.js';
import { HttpClient, TransportError } from '../../src/client/http-client.js';
import { Api, type Loose } from '../support/api.js';
import { cli } from '../support/cli.js';
import { FaultyWay, type Fault } from '../support/faulty-way.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const CREATE = ['run', 'create', '--backend', 'exec', '--prompt', 'echo once', '--json'];

describe('agentrun, of a manager that fails between its requests', () => {
  let manager: TestManager;
  let api: Api;
  let way: FaultyWay;
  let url: string;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
    way = new FaultyWay(manager.url);
    url = await way.start();
  });
  after(async () => {
    await way.stop();
    await manager.stop();
  });

  const create = (...options: string[]) =>
    cli([...CREATE, ...options], { AGENTRUN_URL: url, AGENTRUN_OPERATOR_TOKEN: manager.operatorToken });
  const runsOf = async (tenant: string): Promise<Loose[]> => (await api.get(`/api/v1/runs?tenantId=${tenant}`)).items;

  it('asks for the turn and the runner of a run again where no answer came, and has each once', async () => {
    way.faults = { commands: ['away', 'lose'], 'runner-jobs': ['lose', 'away'] };
    const { code, stdout, stderr } = await create('--tenant', 'again');
    assert.equal(code, 0, stdout);
    const { run, command, runnerJob } = JSON.parse(stdout);
    assert.match(stderr, new RegExp(`${run.id} is made`), 'whoever stops it here knows what there is');
    assert.deepEqual(
      (await runsOf('again')).map(({ id }) => id),
      [run.id],
    );
    const { items } = await api.get(`/api/v1/runs/${run.id}/commands`);
    assert.deepEqual(
      items.map(({ id }: Loose) => id),
      [command.id],
    );
    assert.equal((await api.get(`/api/v1/runs/${run.id}/runner-jobs`)).items[0].id, runnerJob.id);
  });

  it('names the run that is made, and how to end it, where the rest is refused', async () => {
    const { code, stdout } = await create('--tenant', 'refused', '--env', 'AGENTRUN_MINE=1');
    assert.equal(code, 1);
    const failure = JSON.parse(stdout);
    const [run] = await runsOf('refused');
    assert.deepEqual([failure.failureKind, failure.details.runId], ['schema-invalid', run.id]);
    assert.ok(failure.message.includes(run.id), failure.message);
    assert.ok(failure.advice.join('\n').includes(`run cancel ${run.id}`), failure.advice.join('\n'));
  });

  it('names the run, how to go on and how to end it, where the rest is given up', async () => {
    way.faults = { commands: Array<Fault>(50).fill('away') };
    const client = new HttpClient({ baseUrl: url, token: manager.operatorToken });
    const run = {
      tenantId: 'away',
      projectId: 'shop',
      backendProfile: 'exec',
      workspaceRef: { kind: 'none' },
    } as const;
    const command = { type: 'turn', payload: { prompt: 'true' } } as const;
    const quiet = { isTerminal: false, colors: pc.createColors(false), width: Infinity, write: () => undefined };
    const context = { screen: new Screen(quiet, quiet), program: 'agentrun' };
    const error: unknown = await makeRun(context, client, { run, command }, 600).catch((thrown: unknown) => thrown);
    const { details, advice = [], failureKind } = failureOf(error) ?? {};
    const [made] = await runsOf('away');
    assert.deepEqual([failureKind, details], ['infra-failed', { runId: made.id }]);
    assert.match(advice.join('\n'), /--idempotency-key cli-/);
    assert.ok(advice.includes(`\`agentrun run cancel ${made.id}\` ends it`), advice.join('\n'));
    assert.ok((way.faults['commands'] ?? []).length < 49, 'it is asked for again');
  });

  it('names the key under which the run may be there, where its answer was lost', async () => {
    way.faults = { runs: ['lose'] };
    const inSession = ['--tenant', 'lost', '--session', 'talk-lost'];
    const lost = JSON.parse((await create(...inSession)).stdout);
    const key = lost.details.idempotencyKey as string;
    assert.ok(lost.advice.join('\n').includes(`--idempotency-key ${key}`), lost.advice.join('\n'));
    const { stdout, code } = await create(...inSession, '--idempotency-key', key);
    assert.equal(code, 0, stdout);
    assert.equal((await runsOf('lost')).length, 1);
  });

  it('sends a prompt once to a run and to a session whose answers were lost', async () => {
    const send = (...args: string[]) =>
      cli([...args, '--json'], { AGENTRUN_URL: url, AGENTRUN_OPERATOR_TOKEN: manager.operatorToken });
    const { id } = await api.createRun();
    way.faults = { commands: ['lose', 'away'], send: ['away', 'lose'] };
    const toRun = await send('run', 'send', id, 'echo once');
    assert.equal(toRun.code, 0, toRun.stdout);
    assert.match(toRun.stderr, /sending the turn again/);
    const { items } = await api.get(`/api/v1/runs/${id}/commands`);
    assert.deepEqual(
      items.map((command: Loose) => command.id),
      [JSON.parse(toRun.stdout).id],
    );
    const toSession = await send('session', 'send', 'said-once', 'echo once', '--backend', 'exec');
    assert.equal(toSession.code, 0, toSession.stdout);
    const { run, command } = JSON.parse(toSession.stdout);
    const said = (await api.get(`/api/v1/runs/${run.id}/commands`)).items;
    assert.deepEqual(
      said.map((one: Loose) => one.id),
      [command.id],
    );
  });

  it('makes one task where its answer was lost', async () => {
    way.faults = { tasks: ['lose', 'away'] };
    const { code, stdout, stderr } = await cli(
      ['task', 'create', 'echo once', '--backend', 'exec', '--queue', 'lost-task', '--not-before', '+1h', '--json'],
      { AGENTRUN_URL: url, AGENTRUN_OPERATOR_TOKEN: manager.operatorToken },
    );
    assert.equal(code, 0, stdout);
    assert.match(stderr, /sending the task again/);
    const { items } = await api.get('/api/v1/queue/tasks?queue=lost-task');
    assert.deepEqual(
      items.map(({ id }: Loose) => id),
      [JSON.parse(stdout).id],
    );
  });

  it('names the key under which a prompt may have been sent', async () => {
    const quiet = { isTerminal: false, colors: pc.createColors(false), width: Infinity, write: () => undefined };
    const once = { what: 'prompt', givenKey: undefined, repeatedWith: '--not-before 2030-01-01', outageMs: 300 };
    const keys: string[] = [];
    const refused = sendOnce({ screen: new Screen(quiet, quiet) }, once, (key) => {
      keys.push(key);
      return Promise.reject(new TransportError('no answer'));
    });
    const { message, details, advice = [] } = failureOf(await refused.catch((error: unknown) => error)) ?? {};
    assert.match(message ?? '', /whether the prompt was sent is not known/);
    assert.ok(keys.length > 1 && new Set(keys).size === 1, 'it is sent again under the same key');
    assert.deepEqual(details, { idempotencyKey: keys[0] });
    const repeat = `--idempotency-key ${keys[0]} --not-before 2030-01-01`;
    assert.ok(advice.join('\n').includes(repeat), advice.join('\n'));
  });

  it('names the key also where only the first try may have arrived', async () => {
    const quiet = { isTerminal: false, colors: pc.createColors(false), width: Infinity, write: () => undefined };
    const nobody = new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) });
    const failures = [new TransportError('no answer')];
    const once = { what: 'prompt', givenKey: undefined, outageMs: 300 };
    const sent = sendOnce({ screen: new Screen(quiet, quiet) }, once, () =>
      Promise.reject(failures.shift() ?? new TransportError('nobody there', { cause: nobody })),
    );
    const { message, advice = [] } = failureOf(await sent.catch((error: unknown) => error)) ?? {};
    assert.match(message ?? '', /whether the prompt was sent is not known: nobody there/);
    assert.match(advice.join('\n'), /--idempotency-key cli-/);
  });
});
