import type { RunRecord } from '../src/contract/run.js';
import type { Outcome } from '../src/domain/outcome.js';
import type { ProjectionResult } from '../src/domain/run-snapshot.js';
import type { SlotRecords, SlotWanted, StartedAttempt } from '../src/domain/task-messages.js';
import type { TaskSnapshot } from '../src/domain/task-snapshot.js';
import { attemptOutcome } from '../src/operations/tasks/attempt-outcome.js';
import { startAttempt, type AttemptOfTask } from '../src/operations/tasks/start-attempt.js';
import { stopAttempt, type StopAttempt } from '../src/operations/tasks/stop-attempt.js';
import { closeIfGone, type GoneRunPorts } from './gone-runs.js';
import { closeGoneTasks, type GoneTaskPorts } from './gone-tasks.js';
import { heartbeating } from './heartbeating.js';
import { asPermanent } from './permanent.js';

interface Recording {
  readonly snapshot?: TaskSnapshot;
}

interface Recorded {
  /** What became of what went along. */
  readonly written?: ProjectionResult;
}

/** What tasks and queues do outside their workflows. All may be repeated. */
export function createTaskActivities(ports: GoneTaskPorts & GoneRunPorts) {
  return {
    async projectTask(snapshot: TaskSnapshot): Promise<ProjectionResult> {
      return permanently(ports.tasks.project(snapshot));
    },

    /** What the task has decided goes along, and is written first: starting may take long. */
    async startTaskAttempt({ snapshot, ...asked }: AttemptOfTask & Recording): Promise<StartedAttempt & Recorded> {
      return heartbeating(async () => {
        const written = snapshot && (await permanently(ports.tasks.project(snapshot)));
        const started = await permanently(startAttempt(ports.operations, asked));
        return { ...started, ...(written && { written }) };
      });
    },

    async stopTaskAttempt(stop: StopAttempt & { readonly taskId: string }): Promise<void> {
      return heartbeating(async () => permanently(stopAttempt(ports.operations, stop)));
    },

    /** How the attempt's command ended; null while it is open. */
    async readTaskAttempt({ commandId }: { commandId: string }): Promise<Outcome | null> {
      const close = async (run: RunRecord) => closeIfGone(ports, run);
      return heartbeating(async () => attemptOutcome(ports.operations, commandId, close));
    },

    async wantSlot({ queue, wanted }: { queue: string; wanted: SlotWanted }): Promise<void> {
      await heartbeating(async () => ports.queueSignals.wantSlot(queue, wanted));
    },

    /** `limit`: so many of those that wait. */
    async readSlots({ queue, limit }: { queue: string; limit?: number }): Promise<SlotRecords> {
      return ports.tasks.slots(queue, limit);
    },

    /** A workflow that was ended from outside writes its task's end no more: somebody has to. */
    async closeGoneTasks({ queue }: { queue: string }): Promise<void> {
      await heartbeating(async () => closeGoneTasks(ports, await ports.tasks.listInQueue(queue)));
    },
  };
}

async function permanently<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asPermanent(error);
  }
}
