import { isSameProcess, processIdentity, type ProcessIdentity } from '../processes/process-identity.js';

const LOOK_MS = 1_000;

/** Servers of the embedded stack, watched by their processes: also those that an earlier manager started. */
export class ServerDeaths {
  readonly #servers = new Map<string, ProcessIdentity>();
  readonly #timer: NodeJS.Timeout;
  /** Rejects when a watched server has ended that nobody stopped. */
  readonly first: Promise<never>;

  constructor() {
    let reject: (error: Error) => void;
    this.first = new Promise((_, rejectFirst) => (reject = rejectFirst));
    // Whoever started the stack looks at it; until then it must not end the process by itself.
    this.first.catch(() => undefined);
    this.#timer = setInterval(() => {
      const dead = [...this.#servers].find(([, identity]) => !isSameProcess(identity));
      if (dead !== undefined) reject(new Error(`${dead[0]} has ended unexpectedly; its log is in the data folder`));
    }, LOOK_MS);
  }

  watch(name: string, pid: number): void {
    const identity = processIdentity(pid);
    if (identity !== undefined) this.#servers.set(name, identity);
  }

  /** Before the servers are stopped on purpose. */
  close(): void {
    clearInterval(this.#timer);
  }
}
