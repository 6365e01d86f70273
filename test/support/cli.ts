import { processesUsing } from '../../src/processes/processes-using.js';
import { eventually } from './eventually.js';
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from '../../scripts/project-root.js';
import type { Loose } from './api.js';
import { freePort } from './free-port.js';

export const BIN = join(projectRoot, 'bin/agentrun.js');

type Environment = Record<string, string | undefined>;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program as a child process, with nothing of ours in its environment but what is given. */
export class CliProcess {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  readonly #readers: (() => void)[] = [];

  constructor(args: readonly string[], environment: Environment = {}, input = '') {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(AGENTRUN_|NO_COLOR|FORCE_COLOR)/.test(name));
    const env = { ...Object.fromEntries(inherited), ...environment };
    this.child = spawn(process.execPath, [BIN, ...args], { env, stdio: 'pipe' });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#grow('stdout', text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#grow('stderr', text));
    this.child.stdin?.on('error', () => undefined);
    this.child.stdin?.end(input);
    this.ended = once(this.child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Resolves as soon as it has printed that on either stream; fails when it ends first. */
  async printed(pattern: RegExp): Promise<void> {
    const over = this.ended.then(() => 'over' as const);
    while (!pattern.test(this.stdout) && !pattern.test(this.stderr)) {
      const more = new Promise<void>((resolve) => this.#readers.push(resolve));
      if ((await Promise.race([more, over])) === 'over') break;
    }
    assert.ok(
      pattern.test(this.stdout) || pattern.test(this.stderr),
      `${pattern} not in:\n${this.stdout}${this.stderr}`,
    );
  }

  #grow(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text;
    for (const tell of this.#readers.splice(0)) tell();
  }

  async stop(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

export async function cli(args: readonly string[], environment: Environment = {}, input = ''): Promise<Ended> {
  return new CliProcess(args, environment, input).ended;
}

/** `agentrun up` in a data folder of its own, on a free port. */
export class UpStack {
  private constructor(
    readonly dataDir: string,
    private process: CliProcess,
    readonly info: { url: string; temporalUiUrl: string; operatorTokenFile: string; pid: number },
  ) {}

  /** In a folder of its own unless one is given, which is taken away with it. */
  static async start(given: { readonly dataDir?: string; readonly environment?: Environment } = {}): Promise<UpStack> {
    const dataDir = given.dataDir ?? (await realpath(await mkdtemp(join(tmpdir(), 'agentrun-cli-'))));
    // Each later start of the folder takes the first one's port again: that must be nobody else's meanwhile.
    const environment = { ...environmentOf(dataDir), AGENTRUN_PORT: String(await freePort()) };
    const process = new CliProcess(['up', '--json'], { ...given.environment, ...environment });
    return new UpStack(dataDir, process, await whereabouts(process));
  }

  get environment(): Environment {
    return environmentOf(this.dataDir);
  }

  /** What `up` itself has printed since its last start. */
  get printed(): Pick<Ended, 'stdout' | 'stderr'> {
    return this.process;
  }

  /** Runs a command against it. */
  run(...args: string[]): Promise<Ended> {
    return cli(args, this.environment);
  }

  /** The parsed standard output of a command that must go well. */
  async json(...args: string[]): Promise<Loose> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
    return JSON.parse(stdout);
  }

  spawn(...args: string[]): CliProcess {
    return new CliProcess(args, this.environment);
  }

  end(signal: NodeJS.Signals): Promise<Ended> {
    return this.process.stop(signal);
  }

  /** Starts over the same folder again, after an end. */
  async startAgain(): Promise<void> {
    this.process = new CliProcess(['up', '--json'], this.environment);
    Object.assign(this.info, await whereabouts(this.process));
  }

  async remove(): Promise<void> {
    if (this.process.child.exitCode === null && this.process.child.signalCode === null) await this.end('SIGTERM');
    await endAllIn(this.dataDir);
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Runners outlive their manager, to be found by the next one: here there will be none. */
async function endAllIn(folder: string): Promise<void> {
  await eventually('the end of all that worked there', () => {
    const left = processesUsing(folder);
    for (const { pid } of left) signalProcess(pid);
    return left.length === 0;
  });
}

function signalProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function environmentOf(dataDir: string): Environment {
  return { AGENTRUN_DATA_DIR: dataDir, AGENTRUN_PORT: '0' };
}

async function whereabouts(process: CliProcess): Promise<UpStack['info']> {
  const lines = createInterface({ input: process.child.stdout! });
  const line = new Promise<string>((resolve) => lines.once('line', resolve));
  const over = process.ended.then(({ stderr }) => assert.fail(`up ended: ${stderr}`));
  return JSON.parse(await Promise.race([line, over])) as UpStack['info'];
}
