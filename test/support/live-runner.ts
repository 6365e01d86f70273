import { RUNNER_VARIABLES } from '../../src/domain/runner-program.js';
import { processTable, type ProcessEntry } from '../../src/processes/process-table.js';
import { eventually, type Api, type Loose } from './api.js';

/** Everything alive that a Job started: its wrapper, its runner, and what the agent left wherever it went. */
export function processesOfJob(jobName: string): ProcessEntry[] {
  return processTable.marked({ name: RUNNER_VARIABLES.jobName, value: jobName });
}

/** The wrapper leads the Job's group; the runner program is its child. */
export function runnerOfJob(jobName: string): { wrapper: ProcessEntry; runner: ProcessEntry } {
  const all = processesOfJob(jobName);
  const wrapper = all.find(({ pid, pgid, ppid }) => pid === pgid && !all.some((other) => other.pid === ppid));
  const runner = all.find(({ ppid }) => ppid === wrapper?.pid);
  if (wrapper === undefined || runner === undefined)
    throw new Error(`${jobName} has no runner: ${JSON.stringify(all)}`);
  return { wrapper, runner };
}

/** A run that ends with this turn, tried again soon, and a Job for it; `given` and `job` say otherwise. */
export async function startTurn(
  api: Api,
  prompt: string,
  given: Loose = {},
  job: Loose = {},
): Promise<{ run: Loose; turn: Loose }> {
  const run = await api.createRun({ endsWithTurn: true, retryPolicy: { backoffMs: 200 }, ...given });
  const turn = await api.addTurn(run.id, prompt);
  await api.post(`/api/v1/runs/${run.id}/runner-jobs`, job);
  return { run, turn };
}

/** Resolves when a command of the run has printed `text`, with all that it printed. */
export async function untilPrinted(api: Api, { id, runId }: Loose, text: string, timeoutMs = 30_000): Promise<string> {
  const output = async () => {
    const events = await api.events(runId);
    const ofCommand = events.filter(({ type, payload }) => type === 'command_output' && payload.commandId === id);
    return ofCommand.map(({ payload }) => payload.text as string).join('');
  };
  try {
    return await eventually(output, (all) => all.includes(text), timeoutMs);
  } catch (error) {
    throw new Error(`${(error as Error).message}; ${await whyNot(api, runId)}`, { cause: error });
  }
}

/** What the product itself says of a run that does not come to what a test waits for. */
async function whyNot(api: Api, runId: string): Promise<string> {
  const { body } = await api.request('GET', `/api/v1/runs/${runId}/explain`);
  return JSON.stringify(body?.data ?? body);
}

export async function untilEnded(api: Api, runId: string, timeoutMs = 30_000): Promise<Loose> {
  const ended = ({ terminalStatus }: Loose) => terminalStatus !== null;
  return eventually(async () => api.get(`/api/v1/runs/${runId}`), ended, timeoutMs);
}
