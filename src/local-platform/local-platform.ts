import { access, constants, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AgentRunError, invalid, unavailable } from '../domain/errors.js';
import { isJobOver } from '../domain/runner-job-status.js';
import { RUNNER_VARIABLES } from '../domain/runner-program.js';
import { secretKey, type HandedSecrets } from '../domain/secrets.js';
import type { RunnerJobView, RunnerLaunch, RunnerPlatform } from '../ports/runner-platform.js';
import { isSameProcess } from '../processes/process-identity.js';
import { sweepPrivateFolders } from '../processes/private-folder.js';
import { endTree, lineageOf, signalGroup, type ProcessTree } from '../processes/process-tree.js';
import { JobFolder, tailOf } from './job-folder.js';
import { LocalSecrets } from './local-secrets.js';
import { LocalVolumes } from './local-volumes.js';
import { findRunner, runnerEnvironment, startRunner, type RunnerProgram } from './runner-process.js';
import { watchJobs } from './watch-jobs.js';

export interface LocalPlatformOptions {
  /** Holds `runners/`, `volumes/` and `secrets/`. */
  readonly dataDir: string;
  /** What every Job's name begins with. */
  readonly jobNamePrefix: string;
  readonly program: RunnerProgram;
  /** Encrypts what is kept in `secrets/`; 32 bytes. */
  readonly secretsKey: Uint8Array;
  /** What a volume may hold; absent or null where nothing limits it. */
  readonly volumeQuotaBytes?: number | null;
  /** How often live Jobs are looked at by `watch`; 200. */
  readonly watchIntervalMs?: number;
  /** Told of what goes wrong beside any call. */
  readonly warn?: (message: string, error: unknown) => void;
}

const JOB_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;
const END_TIMEOUT_MS = 10_000;

/**
 * Runners as child processes of this machine. They outlive a restart of the manager and are found again by what their
 * folders say.
 */
export class LocalPlatform implements RunnerPlatform {
  readonly kind = 'local';
  readonly namespace = 'local';
  readonly jobNamePrefix: string;
  readonly volumes: LocalVolumes;
  readonly secrets: LocalSecrets;
  readonly #runnersDir: string;
  readonly #launching = new Map<string, Promise<RunnerJobView>>();

  constructor(private readonly options: LocalPlatformOptions) {
    this.jobNamePrefix = options.jobNamePrefix;
    this.#runnersDir = join(options.dataDir, 'runners');
    const { volumeQuotaBytes = null, warn } = options;
    this.volumes = new LocalVolumes(join(options.dataDir, 'volumes'), volumeQuotaBytes, warn);
    this.secrets = new LocalSecrets(join(options.dataDir, 'secrets'), options.secretsKey);
  }

  async ready(): Promise<{ ready: boolean; message?: string }> {
    try {
      await mkdir(this.#runnersDir, { recursive: true, mode: 0o700 });
      await access(this.#runnersDir, constants.W_OK);
      await access(this.options.program.entryPath, constants.R_OK);
      return { ready: true };
    } catch (error) {
      return { ready: false, message: (error as Error).message };
    }
  }

  /** Launches of one name go one after another, so that the second finds what the first made. */
  async launch(launch: RunnerLaunch): Promise<RunnerJobView> {
    const before = this.#launching.get(launch.jobName) ?? Promise.resolve();
    const turn = before.then(
      () => this.#launch(launch),
      () => this.#launch(launch),
    );
    this.#launching.set(launch.jobName, turn);
    return turn.finally(() => {
      if (this.#launching.get(launch.jobName) === turn) this.#launching.delete(launch.jobName);
    });
  }

  async stop(jobName: string, { graceMs }: { graceMs: number }): Promise<RunnerJobView | undefined> {
    const folder = this.#folder(jobName);
    const before = await folder.view();
    if (!before) return undefined;
    if (!isJobOver(before)) {
      await this.#markStopping(jobName, folder);
      await this.#askToEnd(folder, graceMs);
    }
    await this.#endTree(jobName, folder);
    return folder.view();
  }

  describe(jobName: string): Promise<RunnerJobView | undefined> {
    return this.#folder(jobName).view();
  }

  async list(): Promise<RunnerJobView[]> {
    const views = await Promise.all((await this.#jobNames()).map((name) => this.describe(name)));
    return views.filter((view) => view !== undefined);
  }

  async watch(onExit: (job: RunnerJobView) => Promise<void>, signal: AbortSignal): Promise<void> {
    await watchJobs({
      intervalMs: this.options.watchIntervalMs ?? 200,
      jobNames: () => this.#jobNames(),
      folderOf: (jobName) => this.#folder(jobName),
      // An ended Job is told of only when nothing of it is left.
      onExit: (view) => this.#endTree(view.jobName, this.#folder(view.jobName)).then(() => onExit(view)),
      onRefused: (jobName, error) => this.options.warn?.(`the end of ${jobName} was not taken`, error),
      signal,
    });
  }

  logTail(jobName: string, maxBytes: number): Promise<string> {
    return tailOf(this.#folder(jobName).logFile(), maxBytes);
  }

  /** Those that were told of. */
  async listEnded({ olderThanMs }: { olderThanMs: number }): Promise<string[]> {
    const ended: string[] = [];
    for (const jobName of await this.#jobNames()) {
      const folder = this.#folder(jobName);
      const view = await folder.view();
      if (!view || !isJobOver(view) || !(await folder.isReported())) continue;
      const { mtimeMs } = await stat(join(folder.path, 'reported'));
      if (Date.now() - mtimeMs >= olderThanMs) ended.push(jobName);
    }
    return ended;
  }

  async forget(jobName: string): Promise<void> {
    await rm(this.#folder(jobName).path, { recursive: true, force: true });
  }

  async #launch(launch: RunnerLaunch): Promise<RunnerJobView> {
    const folder = this.#folder(launch.jobName);
    const before = await folder.view();
    if (!before) await this.#create(folder, launch);
    if (!before || before.status === 'starting') await this.#startOrAdopt(folder, launch);
    const view = await folder.view();
    if (!view) throw unavailable('platform', new Error(`the folder of ${launch.jobName} is gone`));
    return view;
  }

  async #create(folder: JobFolder, launch: RunnerLaunch): Promise<void> {
    const { jobName, jobId, runId, attempt, attemptId, runnerId, tenantId, sessionId, volumeName } = launch;
    const launchedAt = new Date().toISOString();
    await this.volumes.ensure(volumeName);
    await folder.create({
      jobName,
      jobId,
      runId,
      attempt,
      attemptId,
      runnerId,
      tenantId,
      sessionId,
      volumeName,
      launchedAt,
    });
  }

  /** Nobody wrote its process down: it was never started, or whoever started it died in between. */
  async #startOrAdopt(folder: JobFolder, launch: RunnerLaunch): Promise<void> {
    const orphan = findRunner(launch.jobName, launch.runnerId);
    if (orphan) return folder.writeProcess(orphan);
    await rm(join(folder.path, 'exit.json'), { force: true });
    const volume = { dir: this.volumes.pathOf(launch.volumeName), namespace: this.namespace };
    const environment = runnerEnvironment(launch, volume, this.options.program);
    const handed = { runnerToken: launch.runnerToken, secrets: await this.#secretsFor(launch) };
    try {
      await folder.writeProcess(await startRunner(this.options.program, folder, environment, handed));
    } catch (error) {
      throw startError(error as NodeJS.ErrnoException);
    }
  }

  async #secretsFor(launch: RunnerLaunch): Promise<HandedSecrets> {
    const bundles = await Promise.all(launch.secrets.map((ref) => this.secrets.read(ref)));
    const found = bundles.filter((bundle) => bundle !== undefined);
    return Object.fromEntries(found.map(({ ref, fields }) => [secretKey(ref), fields]));
  }

  /** Where a disk is full, the mark cannot be written: what fills it is ended all the same. What has not begun yet the mark alone keeps from it. */
  async #markStopping(jobName: string, folder: JobFolder): Promise<void> {
    try {
      await folder.markStopping();
    } catch (error) {
      if ((await folder.readProcess()) === undefined) throw error;
      this.options.warn?.(`it cannot be written down that ${jobName} is being stopped`, error);
    }
  }

  /** SIGTERM to the group is for the runner, which ends its agent; resolves when the group is gone or the time is up. */
  async #askToEnd(folder: JobFolder, graceMs: number): Promise<void> {
    const identity = await folder.readProcess();
    if (!identity || !isSameProcess(identity)) return;
    signalGroup(identity.pid, 'SIGTERM');
    for (const giveUpAt = performance.now() + graceMs; performance.now() < giveUpAt && isSameProcess(identity);)
      await delay(20);
  }

  async #endTree(jobName: string, folder: JobFolder): Promise<void> {
    const identity = await folder.readProcess();
    const tree: ProcessTree = {
      groups: identity && isSameProcess(identity) ? [identity.pid] : [],
      marker: { name: RUNNER_VARIABLES.jobName, value: jobName },
      spare: lineageOf(process.pid),
    };
    await endTree(tree, { timeoutMs: END_TIMEOUT_MS });
    // What a runner that was killed could not delete by itself.
    await sweepPrivateFolders();
  }

  #folder(jobName: string): JobFolder {
    if (!JOB_NAME.test(jobName)) throw invalid('jobName', `${JSON.stringify(jobName)} is not a name of a Job`);
    return new JobFolder(join(this.#runnersDir, jobName));
  }

  async #jobNames(): Promise<string[]> {
    const entries = await readdir(this.#runnersDir, { withFileTypes: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw unavailable('platform', error);
    });
    return entries.filter((entry) => entry.isDirectory() && JOB_NAME.test(entry.name)).map((entry) => entry.name);
  }
}

/** An environment too large for the system never starts, however often it is tried. */
function startError(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'E2BIG') return unavailable('platform', error);
  return new AgentRunError(
    'runner-start-failed',
    'invalid',
    'the environment given is too large to start a process with',
    {
      field: 'env',
    },
  );
}
