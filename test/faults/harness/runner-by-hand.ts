import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUNNER_VARIABLES as NAMES } from '../../../src/domain/runner-program.js';
import { signalProcess } from '../../../src/processes/process-tree.js';
import { processesOfJob } from '../../support/live-runner.js';
import { exitOf } from '../../support/runner-fixture.js';
import { Network } from './network.js';
import type { Round } from './round.js';
import { LEASE_MS } from './settings.js';

const RUNNER = fileURLToPath(new URL('../../../src/runner/main.js', import.meta.url));

/** The runner program as anybody could start it, in no Job: no platform ends it, and its network is its own. */
export class RunnerByHand {
  private constructor(
    private readonly child: ChildProcess,
    readonly network: Network,
    readonly volumeDir: string,
    readonly jobName: string,
  ) {}

  static async start({ system }: Round, runId: string, more: Record<string, string> = {}): Promise<RunnerByHand> {
    const jobName = `by-hand-${randomUUID()}`;
    const volumeDir = await mkdtemp(join(tmpdir(), 'agentrun-by-hand-'));
    const network = await Network.before(system.url);
    const env = {
      ...{ PATH: process.env['PATH'], HOME: process.env['HOME'] },
      [NAMES.managerUrl]: network.url,
      [NAMES.runId]: runId,
      [NAMES.runnerId]: jobName,
      [NAMES.jobName]: jobName,
      [NAMES.volumeDir]: volumeDir,
      [NAMES.leaseMs]: String(LEASE_MS),
      [NAMES.idleTimeoutMs]: '500',
      [NAMES.logLevel]: 'fatal',
      ...more,
    };
    const child = spawn(process.execPath, [RUNNER], { env, stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin?.end(`${JSON.stringify({ runnerToken: system.token })}\n`);
    return new RunnerByHand(child, network, volumeDir, jobName);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Stops or continues the runner and all that it started. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const { pid } of processesOfJob(this.jobName)) signalProcess(pid, signal);
  }

  async ended(): Promise<number | NodeJS.Signals | null> {
    return exitOf(this.child);
  }

  async dispose(): Promise<void> {
    for (const { pid } of processesOfJob(this.jobName)) signalProcess(pid, 'SIGKILL');
    await this.ended();
    await this.network.close();
    await rm(this.volumeDir, { recursive: true, force: true });
  }
}
