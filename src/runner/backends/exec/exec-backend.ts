import { randomUUID } from 'node:crypto';
import type { AgentThread, Backend, OpenThread, TurnHandle, TurnRequest } from '../backend.js';
import { ExecTurn } from './exec-turn.js';

/** Each turn's prompt is a shell command line, run in the workspace; a steer is a line on its standard input. */
export class ExecBackend implements Backend {
  readonly kind = 'exec';
  readonly capabilities = { steer: true, interrupt: true, resume: true, usage: false };

  async open(options: OpenThread): Promise<AgentThread> {
    return new ExecThread(options.threadId ?? `exec-${randomUUID()}`, options);
  }
}

/** A shell remembers nothing between turns: the thread is a name, and the workspace its memory. */
class ExecThread implements AgentThread {
  readonly isAlive = true;
  #live: ExecTurn | null = null;

  constructor(
    readonly threadId: string,
    private readonly options: OpenThread,
  ) {}

  runTurn(request: TurnRequest): TurnHandle {
    this.#live = new ExecTurn(request, this.options.processes, this.options.workspaceDir);
    return this.#live;
  }

  async close({ force }: { force: boolean }): Promise<void> {
    if (force) this.#live?.abandon();
    else this.#live?.interrupt({ force: false });
    await this.#live?.done;
  }
}
