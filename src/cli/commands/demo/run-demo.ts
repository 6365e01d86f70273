import type { EmbeddedStack } from '../../../main/embedded-stack.js';
import { CliError } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { EXIT } from '../../exit-codes.js';
import { ProgressDisplay } from '../../progress-display.js';
import { StopSignals } from '../../stop-signals.js';
import { demoAgent, type DemoAgent, type DemoAgentOptions } from './demo-agent.js';
import { makeDemoFolder, removeEverything, startDemoStack, stopDemoStack } from './demo-stack.js';
import { DemoReport } from './report.js';
import { showRun } from './show-run.js';
import { Steps } from './steps.js';

export interface DemoOptions {
  readonly keep: boolean;
  readonly json: boolean;
  readonly agent: DemoAgentOptions;
}

/**
 * A real run from a clone to green tests on a stack of its own, all of which is gone afterwards, however it ends.
 * @throws CliError in words for a person; whatever the stack throws when it cannot start.
 */
export async function runDemo(context: CliContext, options: DemoOptions): Promise<void> {
  const { screen } = context;
  const agent = demoAgent(context, options.agent);
  const display = new ProgressDisplay(screen.err);
  const signals = new StopSignals();
  signals.onFirst(() => screen.note(screen.err.colors.yellow('! ending, and cleaning up')));
  const demo = new Demo(context, options, agent, new Steps(display), signals);
  try {
    await demo.run();
  } catch (error) {
    throw signals.isStopping ? new CliError('interrupted; nothing is left', EXIT.interrupted) : error;
  } finally {
    display.close();
    signals.close();
  }
}

class Demo {
  readonly #report: DemoReport;

  constructor(
    private readonly context: CliContext,
    private readonly options: DemoOptions,
    private readonly agent: DemoAgent,
    private readonly steps: Steps,
    private readonly signals: StopSignals,
  ) {
    this.#report = new DemoReport(context, steps, options.json);
  }

  async run(): Promise<void> {
    const folder = await makeDemoFolder();
    this.#report.begin(folder);
    await this.#andThen(
      () => this.#onStack(folder),
      'cleaning up',
      () => removeEverything(folder),
    );
    this.#report.end();
  }

  async #onStack(folder: string): Promise<void> {
    await this.agent.fetch(this.steps);
    const stack = await startDemoStack(this.context, folder, this.steps.show);
    await this.#andThen(
      () => this.#show(stack, folder),
      'stopping',
      () => stopDemoStack(stack),
    );
  }

  async #show(stack: EmbeddedStack, folder: string): Promise<void> {
    if (this.signals.isStopping) return;
    const { context, steps, agent } = this;
    const report = this.#report;
    const shown = await showRun({ context, steps, report, agent, stack, folder, aloud: !this.options.json });
    report.result(stack, shown);
    if (!this.options.keep) return;
    report.keeping(stack);
    await Promise.race([this.signals.first, stack.failed]);
  }

  /** Cleans up whatever became of the work; what the work failed with stays the reason. */
  async #andThen(work: () => Promise<void>, name: string, cleanUp: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const also = (failure: Error) => this.context.screen.note(`✕ ${name}: ${failure.message}`);
      await this.steps.during(name, cleanUp).catch(also);
      throw error;
    }
    await this.steps.during(name, cleanUp);
  }
}
