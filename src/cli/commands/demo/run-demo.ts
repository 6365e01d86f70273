import { join } from 'node:path';
import { HttpClient } from '../../../client/http-client.js';
import type { CommandRecord } from '../../../contract/command.js';
import type { RunResult } from '../../../contract/result.js';
import type { RunRecord } from '../../../contract/run.js';
import { runVolumeName } from '../../../domain/volume-names.js';
import type { EmbeddedStack } from '../../../main/embedded-stack.js';
import { CliError } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { EventLines } from '../../event-lines.js';
import { EXIT } from '../../exit-codes.js';
import { ProgressDisplay } from '../../progress-display.js';
import { StopSignals } from '../../stop-signals.js';
import { watchRun } from '../../watch-run.js';
import { makeDemoFolder, removeEverything, startDemoStack, stopDemoStack } from './demo-stack.js';
import { diffOf, makeRepository, PROMPT, runTests, type TestCounts } from './repository.js';
import { DemoReport } from './report.js';
import { Steps } from './steps.js';

export interface DemoOptions {
  readonly keep: boolean;
  readonly json: boolean;
}

/** What the demo came to. */
export interface DemoResult {
  readonly run: RunRecord;
  readonly result: RunResult;
  readonly diff: string;
  readonly tests: TestCounts;
}

const INTERRUPTED = new CliError('interrupted', EXIT.interrupted);

/**
 * A real run from a clone to green tests on a stack of its own, all of which is gone afterwards, however it ends.
 * @throws CliError in words for a person; whatever the stack throws when it cannot start.
 */
export async function runDemo(context: CliContext, options: DemoOptions): Promise<void> {
  const display = new ProgressDisplay(context.screen.err);
  const steps = new Steps(display);
  const report = new DemoReport(context, steps, options.json);
  const signals = new StopSignals();
  const folder = await makeDemoFolder();
  report.begin(folder);
  try {
    const stack = await startDemoStack(context, folder, steps.show);
    try {
      throwIf(signals.isStopping);
      const shown = await showRun(context, steps, report, { stack, folder, json: options.json });
      throwIf(signals.isStopping);
      report.result(stack, shown);
      if (options.keep) await keepUp(report, stack, signals);
    } finally {
      await steps.during('stopping', () => stopDemoStack(stack));
    }
  } finally {
    await steps.during('cleaning up', () => removeEverything(folder));
    display.close();
    signals.close();
  }
  report.end();
}

interface Stage {
  readonly stack: EmbeddedStack;
  readonly folder: string;
  readonly json: boolean;
}

async function showRun(context: CliContext, steps: Steps, report: DemoReport, stage: Stage): Promise<DemoResult> {
  const { stack, folder } = stage;
  const repository = join(folder, 'repository');
  await steps.during(
    'git repository',
    () => makeRepository(repository),
    () => 'a small Node project, 1 of 3 tests fails',
  );
  const client = new HttpClient({ baseUrl: stack.url, token: stack.keys.operatorToken });
  const run = await steps.during(
    'run',
    () => startRun(client, repository),
    ({ id }) => id,
  );
  report.runBegins(stack, run);
  const result = await steps.timed('the run, from its clone to its end', () =>
    watch(context, client, run.id, stage.json),
  );
  if (result.terminalStatus !== 'completed') {
    throw new CliError(`the run ended ${result.terminalStatus}: ${result.failureMessage ?? ''} ${result.diagnosis}`);
  }
  return { ...(await inspect(stack, run)), run: await client.get<RunRecord>(`/api/v1/runs/${run.id}`), result };
}

async function startRun(client: HttpClient, repoUrl: string): Promise<RunRecord> {
  const run = await client.post<RunRecord>('/api/v1/runs', {
    tenantId: 'demo',
    projectId: 'cart',
    backendProfile: 'exec',
    workspaceRef: { kind: 'git', repoUrl },
    endsWithTurn: true,
  });
  const path = `/api/v1/runs/${run.id}`;
  const command = await client.post<CommandRecord>(`${path}/commands`, { type: 'turn', payload: { prompt: PROMPT } });
  await client.post(`${path}/runner-jobs`, { commandId: command.id });
  return run;
}

async function watch(context: CliContext, client: HttpClient, runId: string, json: boolean): Promise<RunResult> {
  const lines = new EventLines(context.screen);
  try {
    return await watchRun(context, client, { runId, onEvent: json ? undefined : (event) => lines.show(event) });
  } catch (error) {
    throw error instanceof CliError && error.exitCode === EXIT.interrupted ? INTERRUPTED : error;
  }
}

/** Looks into the run's own clone: the proof that its agent did what it says. */
async function inspect(stack: EmbeddedStack, run: RunRecord): Promise<Pick<DemoResult, 'diff' | 'tests'>> {
  const volume = runVolumeName({ runId: run.id, sessionId: null });
  const workspace = join(stack.dataDir, 'volumes', volume, 'workspace');
  const [diff, tests] = [await diffOf(workspace), await runTests(workspace, process.execPath)];
  if (diff === '') throw new CliError('the run says that it went well, but it changed nothing');
  if (tests.failed > 0 || tests.passed === 0) throw new CliError(`${tests.failed} tests fail after the run's repair`);
  return { diff, tests };
}

async function keepUp(report: DemoReport, stack: EmbeddedStack, signals: StopSignals): Promise<void> {
  report.keeping(stack);
  await Promise.race([signals.first, stack.failed]);
}

function throwIf(isStopping: boolean): void {
  if (isStopping) throw INTERRUPTED;
}
