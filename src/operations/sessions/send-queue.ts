import type { RunCreate } from '../../contract/run.js';
import type { RunnerJobCreate } from '../../contract/runner.js';

/** One send that waits to be handed to its session's run. */
export interface PendingSend {
  readonly sessionId: string;
  readonly commandId: string;
  /** Nobody sent it before. */
  readonly fresh: boolean;
  /** What a new run would be, if there is none. */
  readonly run: RunCreate;
  /** Null: no runner is made for it. */
  readonly runnerJob: Omit<RunnerJobCreate, 'commandId'> | null;
  readonly traceId: string;
  /** The session's live run as its sender saw it, null where it saw none; absent where it did not look. */
  readonly liveRunId?: string | null;
  /** The task whose attempt it is: then it is a turn of its own always. */
  readonly taskId?: string;
}

/** Of those that were not taken, each command's id with why. */
export type Refusals = ReadonlyMap<string, Error>;

/** Hands sends to one session over, in this order; resolves when their commands are accepted, all but those that it answers. */
export type Deliver = (sends: readonly PendingSend[]) => Promise<Refusals>;

/** So many in one update: each takes a statement of the projection that makes it readable. */
const BATCH = 100;

interface Waiting {
  readonly send: PendingSend;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends to one session go one batch after another: those that come while one is on its way go together in the next. Temporal takes one
 * update of many sends far faster than many updates at once, and what is accepted together is numbered in the order it came.
 */
export class SendQueue {
  readonly #waiting = new Map<string, Waiting[]>();

  /** Resolves when the session's run has accepted it. Rejects as `deliver` does, or with what that answers of it. */
  submit(send: PendingSend, deliver: Deliver): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#waiting.get(send.sessionId);
      const waiting = { send, resolve, reject };
      if (queue !== undefined) {
        queue.push(waiting);
        return;
      }
      this.#waiting.set(send.sessionId, [waiting]);
      void this.#work(send.sessionId, deliver);
    });
  }

  async #work(sessionId: string, deliver: Deliver): Promise<void> {
    const queue = this.#waiting.get(sessionId) ?? [];
    // Let those that come in the same moment join.
    await new Promise((resolve) => setImmediate(resolve));
    while (queue.length > 0) {
      const batch = queue.splice(0, BATCH);
      try {
        const refusals = await deliver(batch.map(({ send }) => send));
        for (const { send, resolve, reject } of batch) {
          const refused = refusals.get(send.commandId);
          if (refused === undefined) resolve();
          else reject(refused);
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#waiting.delete(sessionId);
  }
}
