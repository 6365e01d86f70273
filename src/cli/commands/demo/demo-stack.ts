import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readSettings } from '../../../config.js';
import { isJobOver } from '../../../domain/runner-job-status.js';
import type { EmbeddedStack } from '../../../main/embedded-stack.js';
import { processesUsing, type FolderUser } from '../../../processes/processes-using.js';
import type { Progress } from '../../../processes/progress.js';
import { CliError } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { announceManager } from '../../local-manager.js';

const END_TIMEOUT_MS = 20_000;

/** A folder of its own for everything the demo makes. */
export async function makeDemoFolder(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'agentrun-demo-')));
}

/** The whole stack on free ports in that folder. Only where programs are found and cached is taken from the environment. */
export async function startDemoStack(
  { environment }: CliContext,
  folder: string,
  onProgress: Progress,
): Promise<EmbeddedStack> {
  const settings = readSettings({
    TEMPORAL_CLI: environment['TEMPORAL_CLI'],
    AGENTRUN_CACHE_DIR: environment['AGENTRUN_CACHE_DIR'],
    AGENTRUN_CODEX_PATH: environment['AGENTRUN_CODEX_PATH'],
    AGENTRUN_LOG_LEVEL: environment['AGENTRUN_LOG_LEVEL'],
    AGENTRUN_DATA_DIR: join(folder, 'data'),
    AGENTRUN_PORT: '0',
  });
  const { startLocalStack } = await import('../../../main/local-stack.js');
  const stack = await startLocalStack({ settings, environment, onProgress });
  await announceManager(stack.dataDir, { url: stack.url, temporalUiUrl: stack.temporalUiUrl ?? null });
  return stack;
}

/** Ends runners that are still there, then the stack. */
export async function stopDemoStack(stack: EmbeddedStack): Promise<void> {
  // The run has ended, so its runner is about to.
  for (const until = Date.now() + 3_000; Date.now() < until && !(await stack.platform.list()).every(isJobOver);)
    await delay(50);
  for (const job of await stack.platform.list()) await stack.platform.stop(job.jobName, { graceMs: 0 });
  await stack.stop();
}

/** Deletes the folder, and makes sure that nothing of the demo is left. @throws CliError that names what is. */
export async function removeEverything(folder: string): Promise<void> {
  const left = await untilNobodyUses(folder);
  if (left.length > 0) {
    const names = left.map(({ pid, command }) => `${pid} (${command.slice(0, 80)})`);
    throw new CliError(`the demo left processes behind: ${names.join(', ')}`);
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function untilNobodyUses(folder: string): Promise<FolderUser[]> {
  for (const until = Date.now() + END_TIMEOUT_MS; ;) {
    const users = processesUsing(folder);
    if (users.length === 0 || Date.now() >= until) return users;
    await delay(50);
  }
}
