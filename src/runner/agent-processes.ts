import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import type { EnvironmentMarker } from '../processes/process-table.js';
import { endTree, killTree, lineageOf, signalGroup, type ProcessTree } from '../processes/process-tree.js';

export interface AgentSpawnOptions extends Pick<SpawnOptions, 'cwd' | 'stdio'> {
  /** Besides the agent's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts the agent's processes, each in a group of its own and marked by an environment variable that its children
 * inherit, so that all of them can be ended, wherever they went.
 */
export class AgentProcesses {
  readonly #lent: Record<string, string> = {};
  readonly #groups = new Set<number>();
  #closed = false;

  constructor(
    private readonly environment: Readonly<Record<string, string>>,
    private readonly marker: EnvironmentMarker,
  ) {}

  /** Puts variables into the environment of everything that is started from now on. */
  lend(environment: Readonly<Record<string, string>>): void {
    Object.assign(this.#lent, environment);
  }

  /** Whether everything that is started has this variable. */
  gives(variable: string): boolean {
    return Object.hasOwn({ ...this.environment, ...this.#lent }, variable);
  }

  spawn(command: string, args: readonly string[], options: AgentSpawnOptions): ChildProcess {
    if (this.#closed) throw new Error('the runner is ending: no process is started any more');
    const env = { ...this.environment, ...this.#lent, ...options.env, [this.marker.name]: this.marker.value };
    const child = spawn(command, args, { cwd: options.cwd, stdio: options.stdio ?? 'pipe', env, detached: true });
    const { pid } = child;
    if (pid !== undefined) {
      this.#groups.add(pid);
      // The group may outlive its leader; once it is ended its number may become another's.
      child.once('exit', () => {
        signalGroup(pid, 'SIGKILL');
        this.#groups.delete(pid);
      });
    }
    return child;
  }

  /** Kills at once and without waiting; for the last moment of a process. */
  kill(): void {
    killTree(this.#tree());
  }

  /** Kills the groups alone: cheap enough to do before anything else happens. */
  killGroups(): void {
    for (const group of this.#groups) signalGroup(group, 'SIGKILL');
  }

  /** Resolves when nothing is left, also of what left its group. */
  async end(): Promise<void> {
    await endTree(this.#tree(), { timeoutMs: 10_000 });
  }

  /** Lets nothing start any more, and ends what there is. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.end();
  }

  #tree(): ProcessTree {
    return { groups: [...this.#groups], marker: this.marker, spare: lineageOf(process.pid) };
  }
}
