import { delimiter, dirname, join } from 'node:path';
import { HttpClient } from '../../../client/http-client.js';
import type { CommandRecord } from '../../../contract/command.js';
import type { RunResult } from '../../../contract/result.js';
import type { RunRecord } from '../../../contract/run.js';
import { runVolumeName } from '../../../domain/volume-names.js';
import type { EmbeddedStack } from '../../../main/embedded-stack.js';
import { CliError } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { EventLines } from '../../event-lines.js';
import { watchRun } from '../../watch-run.js';
import type { DemoAgent } from './demo-agent.js';
import { diffOf, makeRepository, runTests } from './repository.js';
import type { DemoReport, ShownRun } from './report.js';
import type { Steps } from './steps.js';

export interface Stage {
  readonly context: CliContext;
  readonly steps: Steps;
  readonly report: DemoReport;
  readonly agent: DemoAgent;
  readonly stack: EmbeddedStack;
  readonly folder: string;
  /** False where only the end is told. */
  readonly aloud: boolean;
}

/** Makes a repository with a failing test, has a run repair it, and looks whether it did. @throws CliError when it did not. */
export async function showRun(stage: Stage): Promise<ShownRun> {
  const { steps, report, agent, stack, folder } = stage;
  const repository = join(folder, 'repository');
  const about = () => 'a small Node project, 1 of 3 tests fails';
  await steps.during('git repository', () => makeRepository(repository, stage.context.environment), about);
  const client = new HttpClient({ baseUrl: stack.url, token: stack.keys.operatorToken });
  await agent.setUp(client);
  const started = await steps.during('run', () => startRun(stage, client, repository), idOf);
  report.runBegins(stack, started);
  const result = await steps.timed('the run, from its clone to its end', () => watch(stage, client, started.id));
  if (result.terminalStatus !== 'completed') throw endedBadly(result);
  const run = await client.get<RunRecord>(`/api/v1/runs/${started.id}`);
  return { run, result, ...(await inspect(stage, repository, run)) };
}

const idOf = ({ id }: RunRecord) => id;

async function startRun({ context, agent }: Stage, client: HttpClient, repoUrl: string): Promise<RunRecord> {
  const run = await client.post<RunRecord>('/api/v1/runs', {
    tenantId: 'demo',
    projectId: 'cart',
    backendProfile: agent.backendProfile,
    workspaceRef: { kind: 'git', repoUrl },
    endsWithTurn: true,
  });
  const path = `/api/v1/runs/${run.id}`;
  const command = await client.post<CommandRecord>(`${path}/commands`, {
    type: 'turn',
    payload: { prompt: agent.prompt },
  });
  // The prompt says `node`, which may have been started here by its path.
  const PATH = [dirname(process.execPath), context.environment['PATH']].join(delimiter);
  await client.post(`${path}/runner-jobs`, { commandId: command.id, env: { PATH } });
  return run;
}

async function watch({ context, aloud }: Stage, client: HttpClient, runId: string): Promise<RunResult> {
  const lines = new EventLines(context.screen);
  try {
    return await watchRun(context, client, { runId, onEvent: aloud ? (event) => lines.show(event) : undefined });
  } catch (error) {
    // Whoever leaves the demo ends its run: a runner that is only killed would be replaced.
    await client.post(`/api/v1/runs/${runId}/cancel`, { reason: 'the demo was left' }).catch(() => undefined);
    throw error;
  }
}

function endedBadly({ diagnosis }: RunResult): CliError {
  return new CliError(diagnosis);
}

/** Looks into the run's own clone: the proof that its agent did what it says. */
async function inspect(
  { stack, context }: Stage,
  repository: string,
  run: RunRecord,
): Promise<Pick<ShownRun, 'diff' | 'tests'>> {
  const volume = runVolumeName({ runId: run.id, sessionId: null });
  const workspace = join(stack.dataDir, 'volumes', volume, 'workspace');
  const diff = await diffOf(repository, workspace, context.environment);
  const tests = await runTests(workspace, process.execPath);
  if (diff === '') throw new CliError('the run says that it went well, but it changed nothing');
  if (tests.failed > 0 || tests.passed === 0) throw new CliError(`${tests.failed} tests fail after the run's repair`);
  return { diff, tests };
}
