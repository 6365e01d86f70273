import { isTerminalStatus, type NoteRef, type Outcome } from '../src/domain/outcome.js';
import type { ProjectionResult } from '../src/domain/run-snapshot.js';
import type { SlotRecords, SlotWanted, StartedAttempt } from '../src/domain/task-messages.js';
import type { TaskSnapshot } from '../src/domain/task-snapshot.js';
import { closeGoneTask } from '../src/operations/tasks/close-gone-task.js';
import { startAttempt, type AttemptOfTask } from '../src/operations/tasks/start-attempt.js';
import { stopAttempt, type StopAttempt } from '../src/operations/tasks/stop-attempt.js';
import { heartbeating } from './heartbeating.js';
import { asPermanent } from './permanent.js';
import type { ActivityPorts } from './ports.js';

type Ports = Pick<ActivityPorts, 'tasks' | 'runs' | 'operations' | 'queueSignals' | 'log'>;

/** So many workflows are asked for at once. */
const AT_ONCE = 20;

/** What tasks and queues do outside their workflows. All may be repeated. */
export function createTaskActivities(ports: Ports) {
  return {
    async projectTask(snapshot: TaskSnapshot): Promise<ProjectionResult> {
      return permanently(ports.tasks.project(snapshot));
    },

    async startTaskAttempt(asked: AttemptOfTask): Promise<StartedAttempt> {
      return permanently(startAttempt(ports.operations, asked));
    },

    async stopTaskAttempt(stop: StopAttempt & { readonly taskId: string }): Promise<void> {
      return permanently(stopAttempt(ports.operations, stop));
    },

    /** How the attempt's command ended; null while it is open. */
    async readTaskAttempt({ commandId }: { commandId: string }): Promise<Outcome | null> {
      const command = await ports.runs.getCommand(commandId, 'all');
      if (command === undefined) return GONE;
      const { state, failureKind } = command;
      return isTerminalStatus(state) ? { status: state, failureKind, message: await messageOf(ports, command) } : null;
    },

    async wantSlot({ queue, wanted }: { queue: string; wanted: SlotWanted }): Promise<void> {
      await ports.queueSignals.wantSlot(queue, wanted);
    },

    /** `limit`: so many of those that wait. */
    async readSlots({ queue, limit }: { queue: string; limit?: number }): Promise<SlotRecords> {
      return ports.tasks.slots(queue, limit);
    },

    /** A workflow that was ended from outside writes its task's end no more: somebody has to. */
    async closeGoneTasks({ queue }: { queue: string }): Promise<void> {
      await heartbeating(async () => closeGone(ports, queue));
    },
  };
}

async function closeGone(ports: Ports, queue: string): Promise<void> {
  const ids = await ports.tasks.listInQueue(queue);
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    for (const taskId of await ports.queueSignals.findGoneTasks(ids.slice(from, from + AT_ONCE))) {
      const row = await ports.tasks.get(taskId, 'all');
      if (row === undefined) continue;
      await closeGoneTask(ports.operations, row, orphanMessage(taskId));
      ports.log('closed a task whose workflow is gone', { taskId, queue });
    }
  }
}

const GONE: Outcome = {
  status: 'failed',
  failureKind: 'infra-failed',
  message: { text: "The record of the attempt's command is gone." },
};

/** Words from outside go by a note, not through the history. */
async function messageOf(
  { runs }: Ports,
  { runId, failureMessage }: { runId: string; failureMessage: string | null },
): Promise<NoteRef | null> {
  return failureMessage === null ? null : { noteId: await runs.writeNote(runId, failureMessage) };
}

async function permanently<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asPermanent(error);
  }
}

function orphanMessage(taskId: string): string {
  return `the task's workflow task:${taskId} is gone from Temporal (terminated there, or its data was lost); dispatch the task again`;
}
