import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { processIdentity } from '../../../processes/process-identity.js';
import { signalGroup } from '../../../processes/process-tree.js';
import type { AgentProcesses } from '../../agent-processes.js';
import type { TurnHandle, TurnOutcome, TurnRequest } from '../backend.js';
import { cut } from '../../text.js';
import { OutputPump } from './output-pump.js';

interface ShellExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const SUMMARY_LENGTH = 180;

/** One shell command line, from its start until it has ended and all it printed is told. */
export class ExecTurn implements TurnHandle {
  readonly started: Promise<void>;
  readonly done: Promise<TurnOutcome>;
  readonly #prompt: string;
  readonly #itemId: string;
  readonly #startedAt = performance.now();
  readonly #pumps: OutputPump[] = [];
  #shell: ChildProcess | null = null;
  #interrupted = false;
  #settled = false;

  constructor(
    private readonly request: TurnRequest,
    processes: AgentProcesses,
    workspaceDir: string,
  ) {
    this.#prompt = promptOf(request.payload);
    this.#itemId = `${request.commandId}:shell`;
    this.#announce();
    const spawned = this.#spawn(processes, workspaceDir);
    this.started = spawned.then((error) => (error === null ? undefined : new Promise<never>(() => {})));
    this.done = this.#run(spawned);
  }

  /** Proof is a write that went through: the system refuses one whose reader is gone. */
  async steer(_commandId: string, payload: Readonly<Record<string, unknown>>): Promise<'delivered' | 'too-late'> {
    const stdin = this.#shell?.stdin;
    if (!stdin?.writable || !this.#isAlive()) return 'too-late';
    const written = new Promise<boolean>((resolve) => {
      stdin.write(`${promptOf(payload)}\n`, (error) => resolve(!error));
    });
    const ended = this.done.then(() => false);
    return (await Promise.race([written, ended])) ? 'delivered' : 'too-late';
  }

  interrupt({ force }: { force: boolean }): void {
    this.#interrupted = true;
    const pid = this.#shell?.pid;
    if (pid !== undefined && !this.#settled) signalGroup(pid, force ? 'SIGKILL' : 'SIGTERM');
  }

  /** Ends it now and lets go of what it still had to say. */
  abandon(): void {
    this.interrupt({ force: true });
    for (const pump of this.#pumps) pump.abandon();
  }

  async #run(spawned: Promise<Error | null>): Promise<TurnOutcome> {
    const failure = await spawned;
    const shell = this.#shell;
    if (failure !== null || shell === null) return this.#end(null, startMessage(failure));
    const exit = await exitOf(shell);
    shell.stdin?.destroy();
    await Promise.all(this.#pumps.map((pump) => pump.finish()));
    return this.#end(exit, failureMessage(exit));
  }

  /** Resolves with null when the shell runs, or with why it does not. */
  #spawn(processes: AgentProcesses, workspaceDir: string): Promise<Error | null> {
    try {
      const shell = processes.spawn('/bin/sh', ['-c', this.#prompt], { cwd: workspaceDir, stdio: 'pipe' });
      this.#shell = shell;
      // A steer's own callback tells that the shell no longer listens.
      shell.stdin?.on('error', () => {});
      this.#pump(shell);
      return new Promise((resolve) => {
        shell.once('spawn', () => resolve(null));
        shell.once('error', resolve);
      });
    } catch (error) {
      return Promise.resolve(error as Error);
    }
  }

  #pump(shell: ChildProcess): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const source = shell[stream];
      if (!source) continue;
      const about = { stream, commandId: this.request.commandId, itemId: this.#itemId };
      this.#pumps.push(new OutputPump(source, this.request.events, about));
    }
  }

  #announce(): void {
    const { commandId, events } = this.request;
    events.emit({ type: 'user_message', payload: { text: this.#prompt, commandId } });
    events.emit({ type: 'tool_call', payload: this.#toolCall('running') });
  }

  #end(exit: ShellExit | null, failure: string | null): TurnOutcome {
    this.#settled = true;
    const status = this.#interrupted ? 'cancelled' : failure === null ? 'completed' : 'failed';
    const durationMs = Math.round(performance.now() - this.#startedAt);
    const payload = {
      ...this.#toolCall(status),
      exitCode: exit?.code ?? null,
      signal: exit?.signal ?? null,
      durationMs,
    };
    this.request.events.emit({ type: 'tool_call', payload });
    if (status === 'cancelled') return { status, failureKind: 'cancelled', message: 'interrupted', turnId: null };
    const failureKind = failure === null ? null : 'backend-failed';
    return { status, failureKind, message: failure, turnId: null };
  }

  #toolCall(status: string): Record<string, unknown> {
    const summary = cut(this.#prompt, SUMMARY_LENGTH);
    return { toolName: 'shell', commandId: this.request.commandId, itemId: this.#itemId, status, summary };
  }

  /** Asked of the system, since the news of its exit may not have reached us yet. */
  #isAlive(): boolean {
    const pid = this.#shell?.pid;
    return pid !== undefined && this.#shell?.exitCode === null && processIdentity(pid) !== undefined;
  }
}

async function exitOf(shell: ChildProcess): Promise<ShellExit> {
  if (shell.exitCode === null && shell.signalCode === null) await once(shell, 'exit');
  return { code: shell.exitCode, signal: shell.signalCode };
}

function failureMessage(exit: ShellExit): string | null {
  if (exit.signal !== null) return `the command was ended by ${exit.signal}`;
  return exit.code === 0 ? null : `the command ended with exit code ${exit.code}`;
}

function startMessage(error: NodeJS.ErrnoException | null): string {
  if (error?.code === 'E2BIG') return 'the command line is longer than this system can start a shell with';
  return `the shell did not start: ${error?.message}`;
}

function promptOf(payload: Readonly<Record<string, unknown>>): string {
  return typeof payload['prompt'] === 'string' ? payload['prompt'] : '';
}
