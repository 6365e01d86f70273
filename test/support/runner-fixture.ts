import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RUNNER_PROGRAM, RUNNER_VARIABLES } from '../../src/domain/runner-program.js';
import type { HandedSecrets } from '../../src/domain/secrets.js';
import type { RunRecord } from '../../src/contract/run.js';
import { processTable, type ProcessEntry } from '../../src/processes/process-table.js';
import { endTree, lineageOf } from '../../src/processes/process-tree.js';
import type { AttemptEnd } from '../../src/runner/attempt-scope.js';
import { readRunnerConfig, type Environment } from '../../src/runner/config.js';
import { createLog } from '../../src/runner/log.js';
import { startAttempt, type RunningAttempt } from '../../src/runner/run-attempt.js';
import { ScriptedManager } from './scripted-manager.js';
import { packageRoot } from '../../src/processes/package-root.js';

const RUNNER_ENTRY = join(packageRoot, RUNNER_PROGRAM);

/** One run of a scripted manager with a volume, and runners for it: in this process, or as the real program. */
export class RunnerFixture {
  readonly jobName = `test-${randomUUID()}`;
  /** Handed to each runner that starts. */
  secrets: HandedSecrets = {};
  readonly #children: ChildProcess[] = [];
  readonly #attempts: RunningAttempt[] = [];

  private constructor(
    readonly manager: ScriptedManager,
    readonly volumeDir: string,
  ) {}

  static async create(run: Partial<RunRecord> = {}): Promise<RunnerFixture> {
    const volumeDir = await mkdtemp(join(tmpdir(), 'agentrun-runner-'));
    return new RunnerFixture(await ScriptedManager.start(run), volumeDir);
  }

  get workspace(): string {
    return join(this.volumeDir, 'workspace');
  }

  environment(more: Environment = {}): Record<string, string> {
    const { PATH = '', HOME = '' } = process.env;
    return {
      PATH,
      HOME,
      [RUNNER_VARIABLES.managerUrl]: this.manager.url,
      [RUNNER_VARIABLES.runId]: this.manager.runId,
      [RUNNER_VARIABLES.attempt]: '1',
      [RUNNER_VARIABLES.attemptId]: 'attempt-1',
      [RUNNER_VARIABLES.runnerId]: 'rnr_test',
      [RUNNER_VARIABLES.jobName]: this.jobName,
      [RUNNER_VARIABLES.volumeDir]: this.volumeDir,
      [RUNNER_VARIABLES.logLevel]: 'silent',
      ...(more as Record<string, string>),
    };
  }

  /** A runner within this process. */
  start(more: Environment = {}): Promise<AttemptEnd> {
    const config = readRunnerConfig(this.environment(more));
    const attempt = startAttempt({
      config,
      token: 'first-token',
      secrets: this.secrets,
      log: createLog({}, config.logLevel),
    });
    this.#attempts.push(attempt);
    return attempt.ended;
  }

  /** The program itself, with its token on stdin. */
  spawn(more: Environment = {}): ChildProcess {
    const stdio = ['pipe', 'ignore', 'pipe'] as const;
    const child = spawn(process.execPath, [RUNNER_ENTRY], { env: this.environment(more), stdio: [...stdio] });
    child.stdin?.end(`${JSON.stringify({ runnerToken: 'first-token', secrets: this.secrets })}\n`);
    child.stderr?.on('data', (text: Buffer) => process.env['SHOW_RUNNER'] && process.stderr.write(text));
    this.#children.push(child);
    return child;
  }

  /** Living processes of the Job, the runner among them where it is a process of its own. */
  living(): ProcessEntry[] {
    return processTable.marked({ name: RUNNER_VARIABLES.jobName, value: this.jobName });
  }

  async untilGone(timeoutMs = 30_000): Promise<void> {
    for (const giveUpAt = Date.now() + timeoutMs; this.living().length > 0;) {
      if (Date.now() > giveUpAt) throw new Error(`still there: ${JSON.stringify(this.living())}`);
      await delay(20);
    }
  }

  async dispose(): Promise<void> {
    this.manager.fault = 'none';
    for (const attempt of this.#attempts) attempt.terminate();
    await Promise.all(this.#attempts.map((attempt) => attempt.ended));
    for (const child of this.#children) child.kill('SIGKILL');
    const marker = { name: RUNNER_VARIABLES.jobName, value: this.jobName };
    await endTree({ groups: [], marker, spare: lineageOf(process.pid) }, { timeoutMs: 20_000 });
    await this.manager.close();
    await rm(this.volumeDir, { recursive: true, force: true });
  }
}

/** The exit code, or the signal's name. */
export async function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? child.signalCode;
}
