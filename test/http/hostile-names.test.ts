import assert from 'node:assert/strict';
import { mkdtemp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../src/contract/envelope.js';
import { validated } from '../../src/http/validation/validate.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

/** What leads out of a folder, ends a text early, or is something to a language: as it stands in a path. */
const IN_PATHS = [
  '..%2f..%2f..%2fescaped',
  '%2e%2e%2f%2e%2e%2fescaped',
  '..%5c..%5cescaped',
  '%2fetc%2fpasswd',
  '..%252fescaped',
  'a%2f..%2f..%2fescaped',
  '..;',
  '%2e%2e',
  '....',
  'escaped%00',
  'a%0d%0aset-cookie:%20x=y',
  '%c0%ae%c0%ae%2f',
  '%ff%fe',
  '%',
  '%E2%80%AE',
  '__proto__',
  'constructor',
  "x'%20OR%20'1'='1",
  '$(touch%20escaped)',
  '%7B%7B7*7%7D%7D',
  'n'.repeat(5_000),
];

/** The same in bodies. Those that a name may look like are taken, and must stay names. */
const IN_BODIES = [
  '../../escaped',
  'a/../../../escaped',
  'a/../../../../../../tmp/escaped',
  '/escaped',
  'a\\..\\escaped',
  '..',
  '.',
  'a\0b',
  'a\nb',
  '__proto__',
  "a'; DROP TABLE runs; --",
  'x'.repeat(500),
];

const CREATES: [path: string, body: Record<string, unknown>, fields: string[]][] = [
  ['/api/v1/runs', run(), ['tenantId', 'projectId', 'backendProfile', 'providerId', 'sessionRef.sessionId']],
  ['/api/v1/sessions', { tenantId: 'acme', projectId: 'shop' }, ['sessionId', 'tenantId', 'codexRolloutSubdir']],
  ['/api/v1/queue/tasks', { ...run(), prompt: 'true' }, ['tenantId', 'queue', 'sessionRef.sessionId', 'aipod']],
  [
    '/api/v1/queue/schedules',
    { scheduleId: 'nightly', cron: '@daily', task: { ...run(), prompt: 'true' } },
    ['scheduleId', 'task.queue'],
  ],
  ['/api/v1/aipod-specs', { apiVersion: 'agentrun/v1', kind: 'AipodSpec', spec: {} }, ['metadata.name']],
  ['/api/v1/runners/register', {}, ['runnerId', 'attemptId', 'backendProfile', 'runId']],
  ['/api/v1/runs/{runId}/claim', {}, ['runnerId']],
  ['/api/v1/runs/{runId}/events', { payload: {} }, ['producerId', 'runnerId']],
  ['/api/v1/runs/{runId}/runner-jobs', {}, ['attemptId', 'commandId', 'image']],
  ['/api/v1/sessions/{sessionId}/storage/refresh', { namespace: 'local' }, ['pvcName']],
];

function run() {
  return { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
}

describe('hostile names', function () {
  this.timeout(120_000);
  /** The data folder lies deep in it, so that what escapes is seen. */
  let scratch: string;
  let manager: TestManager;
  let operator: Api;
  let known: Record<string, string>;

  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'agentrun-names-'));
    const dataDir = join(scratch, 'a', 'b', 'data');
    await mkdir(dataDir, { recursive: true });
    for (const folder of ['.', 'a', 'a/b']) await writeFile(join(scratch, folder, 'sentinel'), folder);
    manager = await startTestManager({}, { dataDir });
    operator = new Api(manager.url, manager.operatorToken);
    const { id: runId } = await operator.createRun({ sessionRef: { sessionId: 'known' } });
    const { id: commandId } = await operator.addTurn(runId, 'true');
    known = { runId, commandId, sessionId: 'known', name: 'default', profile: 'codex', tenantId: 'acme' };
  });
  after(async () => {
    await manager.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  /** As it is: no client of ours would send such a path. */
  async function ask(method: string, path: string): Promise<{ status: number; text: string }> {
    const { hostname, port } = new URL(manager.url);
    const headers = { ...operator.headers, 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const asked = request({ hostname, port, method, path, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      asked.on('error', reject).end(['GET', 'DELETE'].includes(method) ? undefined : '{}');
    });
  }

  const staysInside = async () => {
    const outside = await readdir(scratch, { recursive: true });
    const strange = outside.filter(
      (name) => !/^(sentinel|a|a\/sentinel|a\/b|a\/b\/sentinel|a\/b\/data(\/.*)?)$/.test(name),
    );
    assert.deepEqual(strange, []);
    assert.ok(!outside.some((name) => name.includes('escaped') && !name.startsWith('a/b/data/')));
    await assert.rejects(readdir(join(tmpdir(), 'escaped')));
  };

  it('in any place of any path are refused in the envelope, and reach nothing', async () => {
    const { paths } = (await operator.request('GET', '/openapi.json')).body;
    const targets = Object.entries<object>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).flatMap((method) =>
        hostileTargets(path, known).map((target) => [method, path, target] as const),
      ),
    );
    assert.ok(targets.length > 1_000, `${targets.length} were tried`);
    for (const [method, path, target] of targets) {
      const { status, text } = await ask(method.toUpperCase(), target);
      const what = `${method} ${target.slice(0, 200)}: ${status} ${text.slice(0, 300)}`;
      assert.ok(status < 500, what);
      if (status >= 400) validated(Failure, JSON.parse(text));
      // What nobody has set anything of is answered as such, under anything that is a name.
      else assert.match(path, /queue\/(queues|budgets)|provider-profiles/, what);
      assert.doesNotMatch(text, /root:|node_modules|\bat \S+ \(/, what);
    }
    await staysInside();
    assert.equal((await operator.get(`/api/v1/runs/${known['runId']}`)).lastCommandSeq, 1);
  });

  it('in any body are refused by their field, or stay names', async () => {
    for (const [path, body, fields] of CREATES) {
      for (const field of fields) {
        for (const value of IN_BODIES) {
          const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => known[name] ?? '');
          const answer = await operator.request('POST', target, withField(body, field, value));
          const what = `${path} ${field}=${JSON.stringify(value.slice(0, 60))}: ${answer.status} ${JSON.stringify(answer.body)}`;
          assert.ok(answer.status < 500, what);
          if (answer.status === 400)
            assert.ok(String(answer.body.error.details.field).includes(field.split('.')[0]!), what);
        }
      }
    }
    await staysInside();
  });

  it('that are taken come to volumes, Jobs and folders of the data folder', async () => {
    const sessionId = 'a..:..-..:';
    const made = await operator.createRun({ tenantId: 'a/../../../escaped', sessionRef: { sessionId } });
    await operator.addTurn(made.id, 'pwd');
    await operator.post(`/api/v1/runs/${made.id}/runner-jobs`);
    const events = await eventually(
      async () => operator.events(made.id),
      (found) => found.some(({ type }: Loose) => type === 'command_output'),
    );
    const output = events.find(({ type }: Loose) => type === 'command_output')?.payload.text;
    assert.ok(output.startsWith(join(manager.dataDir, 'volumes')), output);
    await operator.post(`/api/v1/runs/${made.id}/cancel`);
    await staysInside();
  });
});

function withField(body: Record<string, unknown>, field: string, value: string): Record<string, unknown> {
  const [first = '', ...rest] = field.split('.');
  const inner = (body[first] ?? {}) as Record<string, unknown>;
  return { ...body, [first]: rest.length === 0 ? value : withField(inner, rest.join('.'), value) };
}

/** The path with each hostile value in each of its places, the others as they are known. */
function hostileTargets(path: string, known: Record<string, string>): string[] {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return parameters.flatMap((parameter) =>
    IN_PATHS.map((value) =>
      path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === parameter ? value : (known[name] ?? `no-${name}`))),
    ),
  );
}
