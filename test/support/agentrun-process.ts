import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { projectRoot } from '../../scripts/project-root.js';

/** A part of the manager as a process of its own, as `agentrun api` and `agentrun worker` start it. */
export class AgentRunProcess {
  private constructor(
    private readonly child: ChildProcess,
    /** What it has written to its log so far. */
    readonly log: readonly string[],
  ) {}

  /** Resolves when it says that it is ready. `settings` as in the environment. */
  static async start(role: 'api' | 'worker', settings: Record<string, string>): Promise<AgentRunProcess> {
    return AgentRunProcess.run(role, ['bin/agentrun.js', role], settings);
  }

  /** Another program in place of one, which says the same when it is ready. */
  static async run(
    role: 'api' | 'worker',
    program: readonly string[],
    settings: Record<string, string>,
  ): Promise<AgentRunProcess> {
    const child = spawn(process.execPath, program, {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], AGENTRUN_LOG_LEVEL: 'error', ...settings },
    });
    const log: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => log.push(line));
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes(`${role} ready`)) resolve();
      });
      child.once('exit', (code) => reject(new Error(`${role} ended with ${code} before it was ready: ${said}`)));
    });
    return new AgentRunProcess(child, log);
  }

  /** As the kernel does it when memory runs out. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}
