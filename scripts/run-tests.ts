// Runs mocha with the arguments given (all tests without any) and prints `N passed, N failed` as the last line.
// Ends non-zero on a failed, skipped or leaking test, on a run cut short, and when there were no tests at all.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestCount } from './counting-reporter.js';
import { projectRoot } from './project-root.js';

const NOTHING_RAN: TestCount = { passed: 0, failed: 0, pending: 0, ended: false, leaks: [] };

/** Runs mocha to its end. Returns its exit code (null when a signal ended it) and the count it left behind. */
async function runMocha(mochaArguments: string[]): Promise<{ code: number | null; count: TestCount }> {
  const folder = await mkdtemp(join(tmpdir(), 'agentrun-tests-'));
  const countFile = join(folder, 'count.json');
  try {
    const mocha = spawn(process.execPath, ['--enable-source-maps', ...mochaCommand(), ...mochaArguments], {
      cwd: projectRoot,
      stdio: 'inherit',
      env: { ...process.env, AGENTRUN_TEST_COUNT: countFile },
    });
    process.once('SIGTERM', () => mocha.kill('SIGTERM'));
    const [code] = (await once(mocha, 'exit')) as [number | null];
    const count = existsSync(countFile) ? (JSON.parse(await readFile(countFile, 'utf8')) as TestCount) : NOTHING_RAN;
    return { code, count };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function mochaCommand(): string[] {
  const mocha = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'));
  const reporter = join(projectRoot, 'dist/scripts/counting-reporter.js');
  return [mocha, '--forbid-only', '--forbid-pending', '--reporter', reporter];
}

/** Why this run is not a pass although mocha may have counted no failed test; one sentence each. */
function complaints(code: number | null, count: TestCount): string[] {
  const found: string[] = [];
  if (!count.ended) found.push(`Mocha ended (code ${String(code)}) before the tests did.`);
  else if (count.passed + count.failed === 0) found.push('There were no tests to run.');
  if (count.leaks.length > 0) found.push(`The tests left something running: ${count.leaks.join(', ')}.`);
  return found;
}

const { code, count } = await runMocha(process.argv.slice(2));
const found = complaints(code, count);
for (const complaint of found) console.error(complaint);
// A test which was running when mocha died, or which left something running, has not passed: it counts as one failed.
const failed = count.failed + count.pending + (count.ended ? 0 : 1) + (count.leaks.length > 0 ? 1 : 0);
process.exitCode = code === 0 && found.length === 0 && failed === 0 ? 0 : 1;
console.log(`${count.passed} passed, ${failed} failed`);
