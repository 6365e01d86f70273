import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProjectionResult, RunSnapshot } from '../src/domain/run-snapshot.js';
import { asPermanent } from './permanent.js';
import type { ActivityPorts } from './ports.js';

/** Senders who write what a workflow answers them have done so by then, or died. */
const SENDERS_MS = 2_000;
/** So many look at a time that they leave a third of `WORKER_PLACES.others`; more look at once, and the workflow may have to write. */
const MOST_WAITING = 200;

interface Look {
  readonly runId: string;
  readonly executionId: string;
  /** What had been left to senders by then; a workflow of an earlier release does not say. */
  readonly leftVersion?: number;
}

/** On our own records, a statement each. All may be repeated. */
export function createRecordActivities(
  { runs, leases, stopping }: Pick<ActivityPorts, 'runs' | 'leases' | 'stopping'>,
  sendersMs = SENDERS_MS,
) {
  // As many looks wait at once as runs are spoken to.
  setMaxListeners(0, stopping);
  let waiting = 0;
  const waitForSenders = async (): Promise<boolean> => {
    if (waiting >= MOST_WAITING) return false;
    waiting += 1;
    await delay(sendersMs, undefined, { signal: stopping }).catch(() => undefined);
    waiting -= 1;
    return !stopping.aborted;
  };
  return {
    /** @throws a failure that is not retried, its type the failure kind, when the snapshot can never be written. */
    async projectRun(snapshot: RunSnapshot): Promise<ProjectionResult> {
      try {
        return await runs.projectRun(snapshot);
      } catch (error) {
        throw asPermanent(error);
      }
    },

    /** A while after it is asked: senders are writing what they were answered. Where more was said and written meanwhile, once more. */
    async readWrittenVersion({ runId, executionId, leftVersion = Infinity }: Look): Promise<{ version: number }> {
      const hasWaited = await waitForSenders();
      const version = await runs.writtenVersion({ runId, executionId });
      if (version <= leftVersion || !hasWaited || !(await waitForSenders())) return { version };
      return { version: await runs.writtenVersion({ runId, executionId }) };
    },

    async expireLease({ runId, attempt }: { runId: string; attempt: number }): Promise<{ expired: boolean }> {
      const { expired } = await leases.expire(runId, attempt);
      return { expired };
    },

    /** Of these, the commands that no run has taken. */
    async findCommandDrafts({ commandIds }: { commandIds: readonly string[] }): Promise<string[]> {
      return runs.findCommandDrafts(commandIds);
    },

    async revokeLease({ runId, attempt }: { runId: string; attempt: number }): Promise<void> {
      await leases.revoke(runId, attempt);
    },

    /** For how long the run could write events and wrote none, in milliseconds; see `LeaseStore.silenceMs`. */
    async lastEventAge({ runId }: { runId: string }): Promise<{ silentMs: number | null }> {
      return { silentMs: await leases.silenceMs(runId) };
    },

    /** For how long runners have been able to reach the API; see `LeaseStore.acceptingMs`. */
    async apiUptime(): Promise<{ acceptingMs: number }> {
      return { acceptingMs: await leases.acceptingMs() };
    },
  };
}
