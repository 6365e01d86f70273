import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUNNER_PROGRAM, RUNNER_VARIABLES } from '../../src/domain/runner-program.js';
import { LocalPlatform } from '../../src/local-platform/local-platform.js';
import type { RunnerJobView, RunnerLaunch } from '../../src/ports/runner-platform.js';
import { processTable, type ProcessEntry } from '../../src/processes/process-table.js';
import { packageRoot } from '../../src/processes/package-root.js';

const RUNNER = join(packageRoot, RUNNER_PROGRAM);
/** Stands in for the runner where a test is about what the platform does with one. */
export const STUBBORN_RUNNER = fileURLToPath(new URL('./programs/stubborn-runner.js', import.meta.url));

/** A data folder with platforms over it; several are what a restarted manager is. */
export class PlatformFixture {
  readonly secretsKey = randomBytes(32);
  readonly #jobNames = new Set<string>();
  readonly #watches: { stop: AbortController; ended: Promise<void> }[] = [];

  private constructor(readonly dataDir: string) {}

  static async create(): Promise<PlatformFixture> {
    return new PlatformFixture(await mkdtemp(join(tmpdir(), 'agentrun-platform-')));
  }

  platform(entryPath = RUNNER, settings: Record<string, string> = {}): LocalPlatform {
    const program = { nodePath: process.execPath, entryPath, environment: process.env, settings };
    const jobNamePrefix = 'agentrun-test';
    const { dataDir, secretsKey } = this;
    return new LocalPlatform({ dataDir, jobNamePrefix, program, secretsKey, watchIntervalMs: 20 });
  }

  launchOf(more: Partial<RunnerLaunch> = {}): RunnerLaunch {
    const jobName = `agentrun-test-${randomUUID()}`;
    this.#jobNames.add(jobName);
    return {
      jobName,
      jobId: `rjob_${randomUUID().replaceAll('-', '')}`,
      runId: `run_${randomUUID().replaceAll('-', '')}`,
      attempt: 1,
      attemptId: 'attempt-1',
      runnerId: `rnr_${randomUUID().replaceAll('-', '')}`,
      tenantId: 'tenant',
      sessionId: null,
      traceId: 'trc_test',
      volumeName: 'volume-1',
      managerUrl: 'http://127.0.0.1:9',
      runnerToken: 'planted-secret-token',
      backendKind: 'exec',
      secrets: [],
      env: {},
      image: null,
      resources: null,
      ...more,
    };
  }

  living(jobName: string): ProcessEntry[] {
    return processTable.marked({ name: RUNNER_VARIABLES.jobName, value: jobName });
  }

  folder(jobName: string, file = ''): string {
    return join(this.dataDir, 'runners', jobName, file);
  }

  /** What a watcher over this folder is told, until the fixture is disposed of or `stop` is called. */
  watch(platform: LocalPlatform, onExit?: (job: RunnerJobView) => Promise<void>) {
    const told: RunnerJobView[] = [];
    const stop = new AbortController();
    const take = async (job: RunnerJobView) => {
      await onExit?.(job);
      told.push(job);
    };
    const ended = platform.watch(take, stop.signal);
    this.#watches.push({ stop, ended });
    const end = async () => {
      stop.abort();
      await ended;
    };
    return { told, stop: end };
  }

  async dispose(): Promise<void> {
    for (const { stop, ended } of this.#watches) {
      stop.abort();
      await ended;
    }
    for (const jobName of this.#jobNames) await this.platform().stop(jobName, { graceMs: 0 });
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
