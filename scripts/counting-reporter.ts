// Mocha's spec reporter, which also keeps the count in a file (AGENTRUN_TEST_COUNT) while the tests run, so that the
// figures are there even when the process dies half-way, and ends a run that something left open keeps alive.
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import Mocha from 'mocha';

/** What the file holds, as JSON. `ended` is false until every test has had its turn. */
export interface TestCount {
  passed: number;
  failed: number;
  pending: number;
  /** What failed or was left out. */
  failures: Failure[];
  ended: boolean;
  /** What still kept the process alive after the last test; empty when it came to rest by itself. */
  leaks: string[];
}

export interface Failure {
  title: string;
  /** The error's text and where it came from, the middle of a long one left out; empty of a test that was left out. */
  lines: string[];
}

/** So many lines of an error's text are kept from either end: the last lines of a log are often all that is seen of it. */
const LINES_KEPT = 8;
const LINE_LENGTH = 240;
const LEAK_WAIT_MS = Number(process.env.AGENTRUN_TEST_LEAK_WAIT_MS ?? 10_000);
/** What test files share is stopped after the last test: servers, one after another, on a machine that is busy. */
const TEARDOWN_WAIT_MS = 12 * LEAK_WAIT_MS;
/** So many of the files that took longest are named at the end, with their hooks' time. */
const SLOWEST_SHOWN = 15;
const SLOW_MS = 5_000;
const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_SUITE_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } =
  Mocha.Runner.constants;

export default class CountingReporter extends Mocha.reporters.Spec {
  readonly #fileMs = new Map<string, number>();
  #suiteBeganAt = 0;
  #watch: NodeJS.Timeout | undefined;
  readonly #count: TestCount = { passed: 0, failed: 0, pending: 0, failures: [], ended: false, leaks: [] };

  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.on(EVENT_TEST_PASS, () => {
      this.#save({ passed: this.#count.passed + 1 });
    });
    runner.on(EVENT_TEST_FAIL, (test, error: unknown) => {
      const failure = { title: test.fullTitle(), lines: shortened(error) };
      this.#save({ failed: this.#count.failed + 1, failures: [...this.#count.failures, failure] });
    });
    runner.on(EVENT_TEST_PENDING, (test) => {
      const failure = { title: test.fullTitle(), lines: [] };
      this.#save({ pending: this.#count.pending + 1, failures: [...this.#count.failures, failure] });
    });
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.parent?.root === true) this.#suiteBeganAt = performance.now();
    });
    runner.on(EVENT_SUITE_END, (suite) => {
      if (suite.parent?.root === true) this.#addTime(suite.file ?? suite.title, performance.now() - this.#suiteBeganAt);
    });
    runner.on(EVENT_RUN_END, () => {
      this.#save({ ended: true });
      this.#showSlowest();
      this.#watchForLeaks(TEARDOWN_WAIT_MS);
    });
  }

  /** Mocha calls it when all that is shared has stopped, too: what is still open then was left by somebody. */
  override done(failures: number, fn?: (failures: number) => void): void {
    this.#watchForLeaks(LEAK_WAIT_MS);
    fn?.(failures);
  }

  #save(change: Partial<TestCount>): void {
    Object.assign(this.#count, change);
    const file = process.env.AGENTRUN_TEST_COUNT;
    if (file !== undefined) writeFileSync(file, JSON.stringify(this.#count));
  }

  #addTime(file: string, ms: number): void {
    const name = relative(join(process.cwd(), 'dist'), file);
    this.#fileMs.set(name, (this.#fileMs.get(name) ?? 0) + ms);
  }

  #showSlowest(): void {
    const slow = [...this.#fileMs].filter(([, ms]) => ms > SLOW_MS).sort((a, b) => b[1] - a[1]);
    if (slow.length < 2) return;
    console.log('  longest:');
    for (const [file, ms] of slow.slice(0, SLOWEST_SHOWN))
      console.log(`  ${(ms / 1_000).toFixed(1).padStart(7)} s  ${file}`);
  }

  /** The timer does not hold the process by itself: it rings only if something else does. */
  #watchForLeaks(waitMs: number): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => {
      const leaks = process.getActiveResourcesInfo().filter((kind) => kind !== 'TTYWrap' && kind !== 'PipeWrap');
      this.#save({ leaks: leaks.length > 0 ? leaks : ['unknown'] });
      process.exit(1);
    }, waitMs).unref();
  }
}

function shortened(error: unknown): string[] {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = text.split('\n').map((line) => line.slice(0, LINE_LENGTH));
  if (lines.length <= 2 * LINES_KEPT) return lines;
  return [...lines.slice(0, LINES_KEPT), `… ${lines.length - 2 * LINES_KEPT} lines …`, ...lines.slice(-LINES_KEPT)];
}
