import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AgentRun, ApiError, type EventRecord } from '../../src/client/index.js';
import { projectRoot } from '../../scripts/project-root.js';
import { cuttableProxy } from '../support/cuttable-proxy.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const exec = promisify(execFile);
const ACME = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };

describe('agentrun/client', function () {
  this.timeout(60_000);
  let manager: TestManager;
  let client: AgentRun;

  before(async () => {
    manager = await startTestManager();
    client = new AgentRun({ baseUrl: manager.url, token: manager.operatorToken });
  });
  after(() => manager.stop());

  it('is what the package exports, and its example makes a task and follows it to its end', async () => {
    const env = { ...process.env, AGENTRUN_URL: manager.url, AGENTRUN_OPERATOR_TOKEN: manager.operatorToken };
    const example = join(projectRoot, 'examples/client/watch-a-task.js');
    const { stdout } = await exec(process.execPath, [example, 'echo from the example'], { env });
    assert.match(stdout, /^task task_\w+\n/);
    assert.match(stdout, /^from the example$/m);
    assert.match(stdout, /The task completed/);
  });

  it('has types that a user of it compiles against', async () => {
    const types = await readFile(join(projectRoot, 'dist/src/client/index.d.ts'), 'utf8');
    assert.match(types, /AgentRun/);
    const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc');
    const settings =
      '--ignoreConfig --noEmit --strict --module nodenext --target es2023 --skipLibCheck --types node'.split(' ');
    await exec(process.execPath, [tsc, ...settings, join(projectRoot, 'test/client/programs/typed-use.ts')], {
      cwd: projectRoot,
    });
  });

  it('imports nothing of Node, so that browsers can load it', async () => {
    const folder = join(projectRoot, 'dist/src/client');
    const names = (await readdir(folder)).filter((name) => name.endsWith('.js'));
    assert.ok(names.includes('index.js'));
    for (const name of names)
      assert.doesNotMatch(await readFile(join(folder, name), 'utf8'), /from '(node:|typebox|ajv)/, name);
  });

  it('follows a session over a connection that breaks, each event once', async () => {
    const proxy = await cuttableProxy(manager.url);
    const cut = new AgentRun({ baseUrl: proxy.url, token: manager.operatorToken });
    const { run } = await client.sessions.send('cut', {
      prompt: 'for i in 1 2 3 4 5 6 7 8; do echo "line $i"; sleep 0.2; done; echo end',
      run: ACME,
    });
    const stop = new AbortController();
    const seen: EventRecord[] = [];
    for await (const event of cut.sessions.follow('cut', { signal: stop.signal })) {
      seen.push(event);
      if (event.type === 'command_output' && seen.length % 3 === 0) proxy.cut();
      if (event.payload['phase'] === 'command-terminal') break;
    }
    stop.abort();
    assert.deepEqual(
      seen.map(({ seq }) => seq),
      seen.map((_, index) => index + 1),
    );
    await client.runs.cancel(run.id);
    await proxy.close();
  });

  it('reads a session from its end, page by page, over several runs', async () => {
    const all: EventRecord[] = [];
    for (const number of [1, 2, 3]) {
      const { run } = await client.sessions.send('backward', {
        prompt: `echo run ${number}`,
        run: { ...ACME, endsWithTurn: true },
      });
      for await (const event of client.runs.tail(run.id)) all.push(event);
    }
    const pages: EventRecord[][] = [];
    let cursor: string | undefined;
    do {
      const page = await client.sessions.trace('backward', { direction: 'backward', limit: 4, cursor });
      pages.unshift(page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    assert.deepEqual(
      pages.flat().map(({ id }) => id),
      all.map(({ id }) => id),
    );
    assert.ok(
      pages.slice(1).every(({ length }) => length === 4),
      'only the oldest page is not full',
    );
    await assert.rejects(
      client.sessions.trace('backward', { direction: 'backward', cursor: 'bm9uZQ' }),
      (error) => error instanceof ApiError && error.failureKind === 'schema-invalid',
    );
    await client.sessions.create({ sessionId: 'empty', ...ACME });
    const empty = await client.sessions.trace('empty', { direction: 'backward' });
    assert.deepEqual(empty, { items: [], runId: null, lastSeq: 0, cursor: null });
  });

  it('tells who asks and where Temporal is', async () => {
    const { operator, temporal } = await client.installation.facts();
    assert.deepEqual(operator, { name: 'operator-1', tenants: null });
    assert.deepEqual(temporal, { uiUrl: null, namespace: manager.temporal.namespace });
    const nobody = new AgentRun({ baseUrl: manager.url, token: 'wrong' });
    await assert.rejects(nobody.installation.facts(), (error) => error instanceof ApiError && error.status === 401);
  });
});
