// Runs mocha with the arguments given and prints `N passed, N failed` as the last line; without a file among them, every test: folder by
// folder, some at a time where there are processors for it, with the folder before each line (`--list` names them).
// Ends non-zero on a failed, skipped or leaking test, on a run cut short, and when there were no tests at all.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { TestCount } from './counting-reporter.js';
import { projectRoot } from './project-root.js';
import { schemathesis } from './schemathesis.js';

const NOTHING_RAN: TestCount = { passed: 0, failed: 0, pending: 0, failures: [], ended: false, leaks: [] };
const TESTS = join(projectRoot, 'dist/test');
/** Each folder starts servers of its own. A third on two processors ended no sooner, and what hangs on moments began to depend on them. */
const AT_ONCE = Math.min(2, availableParallelism());
const NAME_WIDTH = 16;
/** One cluster serves both, and it is built for minutes: in CI, and where it is asked for (npm run test:kubernetes, test:chart). */
const ON_CLUSTER = ['kubernetes', 'chart'];
/** Runs where there is a Chromium, and always in CI. */
const IN_BROWSER = 'console';
/** Runs where there is a schemathesis. */
const BY_SCHEMATHESIS = 'fuzz';
const CHROMIUM = process.env['AGENTRUN_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
/** Those that take longest begin first, so that none of them is waited for alone. */
const LONGEST = ['faults', 'cli', 'docs', 'session', 'queue', 'run', 'runner', 'workflows', 'embedded', 'http'];

interface Outcome {
  readonly count: TestCount;
  /** Why it is not a pass although mocha may have counted no failed test; one sentence each. */
  readonly complaints: readonly string[];
}

const running = new Set<ChildProcess>();

/** Runs mocha to its end. Under a name its lines carry that. */
async function runMocha(mochaArguments: readonly string[], name?: string): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'agentrun-tests-'));
  const countFile = join(folder, 'count.json');
  try {
    const mocha = spawn(process.execPath, ['--enable-source-maps', ...mochaCommand(), ...mochaArguments], {
      cwd: projectRoot,
      stdio: name === undefined ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, AGENTRUN_TEST_COUNT: countFile },
    });
    running.add(mocha);
    for (const stream of [mocha.stdout, mocha.stderr]) if (stream !== null) printNamed(stream, name ?? '');
    const [code] = (await once(mocha, name === undefined ? 'exit' : 'close')) as [number | null];
    running.delete(mocha);
    const count = existsSync(countFile) ? (JSON.parse(await readFile(countFile, 'utf8')) as TestCount) : NOTHING_RAN;
    return { count, complaints: complaints(code, count) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function printNamed(stream: Readable, name: string): void {
  createInterface({ input: stream }).on('line', (line) => {
    if (line.trim() !== '') console.log(`${name.padEnd(NAME_WIDTH)} ${line}`);
  });
}

function mochaCommand(): string[] {
  const mocha = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'));
  const reporter = join(projectRoot, 'dist/scripts/counting-reporter.js');
  return [mocha, '--forbid-only', '--forbid-pending', '--reporter', reporter];
}

function complaints(code: number | null, count: TestCount): string[] {
  const found: string[] = [];
  if (!count.ended) found.push(`Mocha ended (code ${String(code)}) before the tests did.`);
  else if (count.passed + count.failed === 0) found.push('There were no tests to run.');
  if (count.leaks.length > 0) found.push(`The tests left something running: ${count.leaks.join(', ')}.`);
  if (code !== 0 && found.length === 0 && count.failed + count.pending === 0)
    found.push(`Mocha ended with code ${String(code)}.`);
  return found;
}

/** Every folder with tests in it, those that take longest first, those that share something together. */
async function testFolders(): Promise<string[][]> {
  const files = await readdir(TESTS, { recursive: true });
  const folders = new Set(files.filter((file) => file.endsWith('.test.js')).map((file) => file.split('/')[0] ?? ''));
  const left = leftOut();
  const here = [...folders].filter((folder) => !left.has(folder));
  const onCluster = ON_CLUSTER.filter((folder) => here.includes(folder));
  const others = here.filter((folder) => !ON_CLUSTER.includes(folder));
  const rank = (folder: string) => (LONGEST.includes(folder) ? LONGEST.indexOf(folder) : LONGEST.length);
  const sorted = others.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b)).map((folder) => [folder]);
  return onCluster.length > 0 ? [onCluster, ...sorted] : sorted;
}

/** Folders that are not run here, each with the reason. */
function leftOut(): Map<string, string> {
  const isCi = Boolean(process.env['CI']);
  const left = new Map<string, string>();
  if (!isCi) for (const folder of ON_CLUSTER) left.set(folder, `it needs a cluster, as npm run test:${folder} has it`);
  if (!isCi && !existsSync(CHROMIUM)) left.set(IN_BROWSER, `there is no Chromium at ${CHROMIUM}`);
  if (schemathesis() === undefined)
    left.set(BY_SCHEMATHESIS, 'there is no schemathesis as in test/fuzz/requirements.txt');
  return left;
}

/** At the end, where it is read: a folder that was not run has not passed. */
function sayWhatWasLeftOut(): void {
  for (const [folder, reason] of leftOut()) console.log(`LEFT OUT: test/${folder}, since ${reason}`);
}

async function runEverything(mochaArguments: readonly string[]): Promise<Outcome[]> {
  const waiting = await testFolders();
  const outcomes: Outcome[] = [];
  const lane = async () => {
    for (let folders = waiting.shift(); folders !== undefined; folders = waiting.shift()) {
      const startedAt = performance.now();
      const name = folders.join(', ');
      const files = folders.map((folder) => `dist/test/${folder}/**/*.test.js`);
      const outcome = await runMocha([...files, ...mochaArguments], name);
      outcomes.push(outcome);
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      console.log(`=== ${name}: ${outcome.count.passed} passed, ${failedOf(outcome)} failed in ${seconds} s`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return outcomes;
}

/** A test which was running when mocha died, or which left something running, has not passed: it counts as one failed. */
function failedOf({ count }: Outcome): number {
  return count.failed + count.pending + Number(!count.ended) + Number(count.leaks.length > 0);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const mocha of running) mocha.kill('SIGTERM');
  });
}

const given = process.argv.slice(2);
if (given[0] === '--list') {
  for (const folder of (await testFolders()).flat()) console.log(`test/${folder}`);
  sayWhatWasLeftOut();
  process.exit();
}
const namesFiles = given.some((argument) => /\.test\.m?js$/.test(argument));
const outcomes = namesFiles ? [await runMocha(given)] : await runEverything(given);
for (const { title, lines } of outcomes.flatMap(({ count }) => count.failures))
  console.error([`FAILED: ${title}`, ...lines.map((line) => `    ${line}`)].join('\n'));
for (const complaint of outcomes.flatMap((outcome) => outcome.complaints)) console.error(complaint);
const passed = outcomes.reduce((sum, { count }) => sum + count.passed, 0);
const failed = outcomes.reduce((sum, outcome) => sum + failedOf(outcome), 0);
process.exitCode = failed === 0 && outcomes.every((outcome) => outcome.complaints.length === 0) ? 0 : 1;
if (!namesFiles) sayWhatWasLeftOut();
console.log(`${passed} passed, ${failed} failed`);
