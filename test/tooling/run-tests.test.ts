import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/project-root.js';
import { schemathesis } from '../../scripts/schemathesis.js';

const LEAK_WAIT_MS = 500;

interface Verdict {
  code: unknown;
  lastLine: string | undefined;
  output: string;
}

/** Runs the tests of one file with this text, after which it takes so long until what they share has stopped. */
async function runTestFile(text: string, { teardownMs = 0 } = {}): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), 'agentrun-run-tests-'));
  const file = join(folder, 'fixture.test.mjs');
  const shared = join(folder, 'shared.mjs');
  await writeFile(file, text);
  await writeFile(
    shared,
    `export const mochaGlobalTeardown = () => new Promise((resolve) => setTimeout(resolve, ${teardownMs}));`,
  );
  try {
    return await runTests(file, ...(teardownMs > 0 ? ['--require', shared] : []));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs scripts/run-tests as a developer does, without CI's variable. */
async function runTests(...mochaArguments: string[]): Promise<Verdict> {
  return runTestsWith({ CI: '' }, ...mochaArguments);
}

function runTestsWith(variables: Record<string, string>, ...mochaArguments: string[]): Promise<Verdict> {
  const env = { ...process.env, AGENTRUN_TEST_LEAK_WAIT_MS: String(LEAK_WAIT_MS), ...variables };
  const program = join(projectRoot, 'dist/scripts/run-tests.js');
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...mochaArguments], { env }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, lastLine: stdout.trimEnd().split('\n').at(-1), output: stdout + stderr });
    });
  });
}

describe('the test runner', () => {
  const cases: [what: string, text: string, code: number, lastLine: string][] = [
    ['passes when every test passed', `it('a', () => {}); it('b', () => {});`, 0, '2 passed, 0 failed'],
    ['fails on a failed test', `it('a', () => {}); it('b', () => { throw 1; });`, 1, '1 passed, 1 failed'],
    ['fails on a test that skips itself', `it('a', function () { this.skip(); });`, 1, '0 passed, 1 failed'],
    ['fails on a test without a body', `it('a', () => {}); it('later');`, 1, '1 passed, 1 failed'],
    ['fails on a skipped suite', `describe.skip('s', () => { it('a', () => {}); });`, 1, '0 passed, 1 failed'],
    ['fails on a focused test', `it.only('a', () => {}); it('b', () => {});`, 1, '0 passed, 1 failed'],
    ['fails on a failed hook', `before(() => { throw 1; }); it('a', () => {});`, 1, '0 passed, 1 failed'],
    ['fails when there are no tests', `export {};`, 1, '0 passed, 0 failed'],
    ['fails on a file that cannot be loaded', `import './missing.js';`, 1, '0 passed, 1 failed'],
    [
      'fails when a test ends the process',
      `it('a', () => {}); it('b', () => process.exit(0));`,
      1,
      '1 passed, 1 failed',
    ],
    ['fails on something left running', `it('a', () => { setInterval(() => {}, 1e3); });`, 1, '1 passed, 1 failed'],
  ];

  for (const [what, text, code, lastLine] of cases) {
    it(what, async () => {
      const verdict = await runTestFile(text);
      assert.deepEqual([verdict.code, verdict.lastLine], [code, lastLine], verdict.output);
    });
  }

  it('gives what test files share the time to stop before it looks for what is left, and not for ever', async () => {
    const stops = await runTestFile(`it('a', () => {});`, { teardownMs: 3 * LEAK_WAIT_MS });
    assert.deepEqual([stops.code, stops.lastLine], [0, '1 passed, 0 failed'], stops.output);
    const hangs = await runTestFile(`it('a', () => {});`, { teardownMs: 600_000 });
    assert.deepEqual([hangs.code, hangs.lastLine], [1, '1 passed, 1 failed'], hangs.output);
    assert.match(hangs.output, /left something running: Timeout/);
  });

  it('names what was left running', async () => {
    const { output } = await runTestFile(`it('a', () => { setInterval(() => {}, 1e3); });`);
    assert.match(output, /left something running: Timeout/);
  });

  it('runs every folder that has tests when no file is named; what needs a cluster in CI only, a browser or schemathesis where there is one', async () => {
    const files = await readdir(join(projectRoot, 'test'), { recursive: true });
    const folders = new Set(
      files.filter((file) => file.endsWith('.test.ts')).map((file) => `test/${file.split('/')[0]}`),
    );
    const { code, output } = await runTests('--list');
    assert.equal(code, 0, output);
    for (const onCluster of ['test/kubernetes', 'test/chart']) folders.delete(onCluster);
    if (!existsSync(process.env['AGENTRUN_TEST_CHROMIUM'] ?? '/usr/bin/chromium')) folders.delete('test/console');
    if (schemathesis() === undefined) folders.delete('test/fuzz');
    const run = output.split('\n').filter((line) => line.startsWith('test/'));
    assert.deepEqual(run.sort(), [...folders].sort());
  });

  it('says which folders are left out, and for want of what', async () => {
    const none = { AGENTRUN_TEST_SCHEMATHESIS: join(tmpdir(), 'no-schemathesis') };
    const developer = await runTestsWith({ ...none, CI: '' }, '--list');
    for (const folder of ['kubernetes', 'chart', 'fuzz'])
      assert.match(developer.output, new RegExp(`^LEFT OUT: test/${folder}, since .+$`, 'm'));
    const { output } = await runTestsWith({ ...none, CI: 'true' }, '--list');
    const said = output.split('\n').filter((line) => line.startsWith('LEFT OUT'));
    assert.deepEqual(said, ['LEFT OUT: test/fuzz, since there is no schemathesis as in test/fuzz/requirements.txt']);
  });

  it('says at the end which tests failed, and of what', async () => {
    const { output } = await runTestFile(`describe('s', () => { it('a', () => { throw new Error('no cheese'); }); });`);
    assert.match(output, /FAILED: s a\n {4}Error: no cheese\n {8}at .*fixture\.test\.mjs/);
  });

  it('leaves out the middle of a long error there', async () => {
    const { output } = await runTestFile(
      `it('a', () => { throw new Error(Array.from({ length: 900 }, (_, line) => 'line ' + line).join('\\n')); });`,
    );
    const atEnd = output.slice(output.indexOf('FAILED: a')).split('\n');
    assert.ok(atEnd.length < 30 && atEnd.includes('    Error: line 0'), atEnd.join('\n'));
    assert.match(atEnd.join('\n'), /… \d+ lines …/);
  });
});
