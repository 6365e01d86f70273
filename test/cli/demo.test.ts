import assert from 'node:assert/strict';
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesUsing } from '../../src/processes/processes-using.js';
import { CliProcess } from '../support/cli.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../support/codex.js';
import { startMockProvider } from '../support/mock-provider.js';
import { answer, message, shellCall, text } from '../support/mock-provider/answers.js';

describe('agentrun demo', function () {
  this.timeout(120_000);
  let folder: string;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    await codexForTests();
  });
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'agentrun-demo-test-')));
  });
  afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));

  const demo = (...args: string[]) => new CliProcess(['demo', ...args], { TMPDIR: folder });

  async function assertNothingLeft(): Promise<void> {
    assert.deepEqual(await readdir(folder), []);
    assert.deepEqual(processesUsing(folder), []);
  }

  it('repairs a repository in a real run, tells what happened, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await demo('--json').ended;
    assert.equal(code, 0, stderr + stdout);
    const told = JSON.parse(stdout);
    assert.equal(told.ok, true);
    assert.deepEqual(
      [told.run.status, told.run.backendProfile, told.run.workspaceRef.kind],
      ['completed', 'exec', 'git'],
    );
    assert.deepEqual(told.workspace.tests, { passed: 3, failed: 0 });
    assert.match(told.workspace.diff, /^\+.*item\.price \* item\.quantity/m);
    assert.match(told.result.reply, /not ok 3 - a quantity counts[\s\S]*a quantity counts/);
    assert.match(told.temporalUiUrl, /^http:\/\/127\.0\.0\.1:\d+$/);
    const names = told.steps.map(({ name }: { name: string }) => name);
    for (const name of ['PostgreSQL', 'Temporal', 'AgentRun', 'stopping', 'cleaning up'])
      assert.ok(names.includes(name), name);
    await assertNothingLeft();
  });

  it('tells it to a person: events as they come, the diff, the result, how to go on', async () => {
    const { code, stdout, stderr } = await demo().ended;
    assert.equal(code, 0, stderr + stdout);
    const inOrder = [
      /not ok 3/,
      /✔ a quantity counts/,
      /✓ shell {2}exit 0/,
      /^ {2}\+.*\* item\.quantity/m,
      /3 passed, 0 failed/,
    ];
    const places = [...inOrder, /Temporal UI: http/, /It works\./, /npm start/].map((pattern) =>
      stdout.search(pattern),
    );
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? -1)),
      `${places.join()}\n${stdout}`,
    );
    assert.match(stderr, /✓ PostgreSQL .*\d\.\d s/);
    await assertNothingLeft();
  });

  it("lets codex do it, with a provider of one's own, from the tool calls to the last word", async () => {
    const repair = "sed -i 's/sum + item.price/& * item.quantity/' cart.js";
    const provider = await startMockProvider([
      answer([message('I run the tests first.'), shellCall('node --test cart.test.js')]),
      answer([shellCall(`${repair}; node --test cart.test.js`)]),
      text('The quantity was forgotten; all three tests pass now.'),
    ]);
    try {
      const args = ['--backend', 'codex', '--provider', provider.baseUrl, '--model', 'mock-model'];
      const { code, stdout, stderr } = await demo(...args).ended;
      assert.equal(code, 0, stderr + stdout);
      assert.match(stdout, /▸ shell[\s\S]*all three tests pass now\.[\s\S]*3 passed, 0 failed/);
      assert.deepEqual(provider.faults, []);
      await assertNothingLeft();
    } finally {
      await provider.close();
    }
  });

  it('says which options do not go together, before it starts anything', async () => {
    const cases: [string[], RegExp][] = [
      [['--provider', 'http://127.0.0.1:1/v1'], /--provider goes with --backend codex/],
      [['--backend', 'codex'], /give --provider <base url>, or --api-key-env/],
      [['--backend', 'codex', '--api-key-env', 'NOT_SET_AT_ALL'], /NOT_SET_AT_ALL is not set/],
    ];
    for (const [args, words] of cases) {
      const { code, stderr } = await demo(...args).ended;
      assert.equal(code, 2);
      assert.match(stderr, words);
    }
    await assertNothingLeft();
  });

  it('cleans up when it is interrupted in the middle of the run', async () => {
    const running = demo();
    await running.printed(/› set -eu/);
    const { code, stderr } = await running.stop('SIGINT');
    assert.equal(code, 130);
    assert.match(stderr, /ending, and cleaning up[\s\S]*interrupted; nothing is left/);
    await assertNothingLeft();
  });

  it('says what is missing, and cleans up, when it cannot start', async () => {
    const { code, stdout } = await new CliProcess(['demo', '--json'], {
      TMPDIR: folder,
      TEMPORAL_CLI: '/nowhere/temporal',
    }).ended;
    assert.equal(code, 1);
    assert.match(JSON.parse(stdout).message, /\/nowhere\/temporal/);
    await assertNothingLeft();
  });
});
