import type { RunResult } from '../../../contract/result.js';
import type { RunRecord } from '../../../contract/run.js';
import type { EmbeddedStack } from '../../../main/embedded-stack.js';
import type { CliContext } from '../../context.js';
import { spell } from '../../durations.js';
import { colorDiff } from '../../event-lines.js';
import { statusWord } from '../../status-words.js';
import { table } from '../../table.js';
import type { TestCounts } from './repository.js';
import type { Steps } from './steps.js';

/** What the demo's run came to. */
export interface ShownRun {
  readonly run: RunRecord;
  readonly result: RunResult;
  readonly diff: string;
  readonly tests: TestCounts;
}

/** Tells the demo: to a person as it goes, to a machine as one object at the end. */
export class DemoReport {
  #told: Record<string, unknown> = {};

  constructor(
    private readonly context: CliContext,
    private readonly steps: Steps,
    private readonly json: boolean,
  ) {}

  begin(folder: string): void {
    const { bold, dim } = this.context.screen.out.colors;
    this.#say(bold('AgentRun demo'));
    this.#say(dim(`Everything runs on this machine, on loopback, in ${folder}, which is deleted at the end.`));
    this.#say('');
  }

  runBegins(stack: EmbeddedStack, run: RunRecord): void {
    const { cyan, dim } = this.context.screen.out.colors;
    this.#say('');
    if (stack.temporalUiUrl !== undefined) {
      this.#say(`Its workflow, while the demo runs: ${cyan(workflowUrl(stack.temporalUiUrl, run))}`);
    }
    this.#say(dim('A runner clones the repository and does what the prompt says. What it tells, as it tells it:'));
    this.#say('');
  }

  result(stack: EmbeddedStack, { run, result, diff, tests }: ShownRun): void {
    const { temporalUiUrl } = stack;
    this.#told = { run, result, workspace: { diff, tests }, temporalUiUrl };
    const { bold, dim, green, cyan } = this.context.screen.out.colors;
    const rows = [
      ['run', run.id],
      ['status', `${statusWord(run, this.context.screen.out.colors)} in attempt ${run.attempt}`],
      ['tests', green(`${tests.passed} passed, ${tests.failed} failed`), dim('run again in its workspace just now')],
      ['events', `${result.lastSeq}`],
      ['workflow', run.workflowId],
    ];
    this.#say('');
    this.#say(bold('What it changed in its clone'));
    this.#say(indent(colorDiff(diff, this.context.screen.out.colors)));
    this.#say('');
    this.#say(bold('What came of it'));
    this.#say(indent(table(rows.map(([name = '', ...rest]) => [dim(name), ...rest]))));
    this.#say('');
    this.#say(bold('How long it took'));
    this.#say(indent(table(this.steps.done.map(({ name, ms }) => [dim(name), spell(ms)]))));
    if (temporalUiUrl !== undefined) {
      this.#say('');
      this.#say(`Temporal UI: ${cyan(temporalUiUrl)} ${dim('(gone when the demo ends; --keep leaves it up)')}`);
    }
    this.#say('');
  }

  keeping(stack: EmbeddedStack): void {
    const { bold, cyan } = this.context.screen.out.colors;
    const { program, screen } = this.context;
    const withData = `AGENTRUN_DATA_DIR=${stack.dataDir} ${program}`;
    this.#say(`${bold('Everything stays up until Ctrl-C.')} API: ${cyan(stack.url)}`);
    this.#say(`  ${withData} run list`);
    this.#say(`  ${withData} run create --backend exec --prompt 'uname -a' --tail`);
    if (this.json) screen.data(JSON.stringify({ event: 'up', url: stack.url, dataDir: stack.dataDir }));
  }

  end(): void {
    const { screen, program } = this.context;
    if (this.json) {
      const { done: steps, totalMs } = this.steps;
      screen.data(JSON.stringify({ ok: true, ...this.#told, steps, totalMs }));
      return;
    }
    const { bold, dim, green } = screen.out.colors;
    this.#say('');
    this.#say(
      `${green('✓')} ${bold('It works.')} ${dim(`${spell(this.steps.totalMs)} in all; no process and no file is left.`)}`,
    );
    this.#say('');
    this.#say('How to go on:');
    const again = `${program} run create --backend exec --workspace git:<url> --prompt 'npm test' --tail`;
    for (const line of [`npm start   ${dim('the same stack, kept, on port 8080')}`, again, `${program} --help`])
      this.#say(`  ${line}`);
  }

  #say(line: string): void {
    if (!this.json) this.context.screen.data(line);
  }
}

function workflowUrl(uiUrl: string, run: RunRecord): string {
  return `${uiUrl}/namespaces/default/workflows/${encodeURIComponent(run.workflowId)}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
