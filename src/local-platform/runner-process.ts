import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { launchVariables, RUNNER_VARIABLES } from '../domain/runner-program.js';
import type { HandedSecrets } from '../domain/secrets.js';
import type { RunnerLaunch } from '../ports/runner-platform.js';
import { processIdentity, type ProcessIdentity } from '../processes/process-identity.js';
import { processTable } from '../processes/process-table.js';
import type { JobFolder } from './job-folder.js';

/** How the runner program is started, the same for every Job. */
export interface RunnerProgram {
  readonly nodePath: string;
  /** The program's entry, an absolute path. */
  readonly entryPath: string;
  /** The environment to take from; of it only what the runner and its agent need is handed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Further settings of the runner (`AGENTRUN_…`), no secret among them. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Keeps the runner's exit code where a later manager finds it; complete or not there. It outlives a SIGTERM to its
 * group, which is for the runner: a trap that does nothing, unlike an ignored signal, is not inherited.
 */
const WRAPPER = `
trap : TERM INT HUP
"$@"
code=$?
printf '{"exitCode":%d}\\n' "$code" >"$0/exit.json.part" && mv "$0/exit.json.part" "$0/exit.json"
exit "$code"
`;

const HANDED_ON = /^(PATH|HOME|LANG|LC_[A-Z]+|TERM|TMPDIR|USER|SHELL)$/;

/** Pure: everything the runner's environment holds. */
export function runnerEnvironment(
  launch: RunnerLaunch,
  volume: { readonly dir: string; readonly namespace: string },
  program: Pick<RunnerProgram, 'environment' | 'settings'>,
): Record<string, string> {
  const handedOn = Object.entries(program.environment).filter(
    ([name, value]) => HANDED_ON.test(name) && value !== undefined,
  );
  const place = { volumeDir: volume.dir, namespace: volume.namespace, placement: 'local' };
  return {
    ...(Object.fromEntries(handedOn) as Record<string, string>),
    ...program.settings,
    ...launchVariables(launch, place),
  };
}

/** Starts the runner in a process group of its own and hands it its token and its secrets; resolves with the wrapper's process. */
export async function startRunner(
  program: RunnerProgram,
  folder: JobFolder,
  environment: Record<string, string>,
  handed: { readonly runnerToken: string; readonly secrets: HandedSecrets },
): Promise<ProcessIdentity> {
  const log = openSync(folder.logFile(), 'a', 0o600);
  try {
    const args = ['-c', WRAPPER, folder.path, program.nodePath, program.entryPath];
    const options = { cwd: folder.path, env: environment, detached: true, stdio: ['pipe', log, log] } as const;
    const wrapper = spawn('/bin/sh', args, { ...options, stdio: [...options.stdio] });
    await once(wrapper, 'spawn');
    wrapper.unref();
    const identity = processIdentity(wrapper.pid ?? 0);
    await handOver(wrapper, `${JSON.stringify(handed)}\n`);
    if (!identity) throw new Error('the runner ended as it was started');
    return identity;
  } finally {
    closeSync(log);
  }
}

/**
 * The wrapper of a Job whose process nobody wrote down: it has the Job's mark, and the runner's settings, and leads its
 * group.
 */
export function findRunner(jobName: string, runnerId: string): ProcessIdentity | undefined {
  const ofJob = processTable.marked({ name: RUNNER_VARIABLES.jobName, value: jobName });
  const ofRunner = processTable.marked({ name: RUNNER_VARIABLES.runnerId, value: runnerId }).map((entry) => entry.pid);
  const leader = ofJob.find((entry) => entry.pid === entry.pgid && ofRunner.includes(entry.pid));
  return leader && processIdentity(leader.pid);
}

function handOver(wrapper: ChildProcess, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    wrapper.stdin?.once('error', reject);
    wrapper.stdin?.end(line, resolve);
  });
}
