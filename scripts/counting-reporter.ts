// Mocha's spec reporter, which also keeps the count in a file (AGENTRUN_TEST_COUNT) while the tests run, so that the
// figures are there even when the process dies half-way, and ends a run that something left open keeps alive.
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

/** What the file holds, as JSON. `ended` is false until every test has had its turn. */
export interface TestCount {
  passed: number;
  failed: number;
  pending: number;
  ended: boolean;
  /** What still kept the process alive after the last test; empty when it came to rest by itself. */
  leaks: string[];
}

const LEAK_WAIT_MS = Number(process.env.AGENTRUN_TEST_LEAK_WAIT_MS ?? 10_000);
const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants;

export default class CountingReporter extends Mocha.reporters.Spec {
  readonly #count: TestCount = { passed: 0, failed: 0, pending: 0, ended: false, leaks: [] };

  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.on(EVENT_TEST_PASS, () => {
      this.#save({ passed: this.#count.passed + 1 });
    });
    runner.on(EVENT_TEST_FAIL, () => {
      this.#save({ failed: this.#count.failed + 1 });
    });
    runner.on(EVENT_TEST_PENDING, () => {
      this.#save({ pending: this.#count.pending + 1 });
    });
    runner.on(EVENT_RUN_END, () => {
      this.#save({ ended: true });
      this.#watchForLeaks();
    });
  }

  #save(change: Partial<TestCount>): void {
    Object.assign(this.#count, change);
    const file = process.env.AGENTRUN_TEST_COUNT;
    if (file !== undefined) writeFileSync(file, JSON.stringify(this.#count));
  }

  /** The timer does not hold the process by itself: it rings only if something else does. */
  #watchForLeaks(): void {
    setTimeout(() => {
      const leaks = process.getActiveResourcesInfo().filter((kind) => kind !== 'TTYWrap' && kind !== 'PipeWrap');
      this.#save({ leaks: leaks.length > 0 ? leaks : ['unknown'] });
      process.exit(1);
    }, LEAK_WAIT_MS).unref();
  }
}
