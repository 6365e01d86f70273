import type { Client } from '@temporalio/client';
import { queueWorkflowId, taskWorkflowId } from '../../src/domain/ids.js';
import type { Outcome } from '../../src/domain/outcome.js';
import type {
  QueueInput,
  SlotRecords,
  SlotSettings,
  SlotWanted,
  StartedAttempt,
  TaskInput,
} from '../../src/domain/task-messages.js';
import type { TaskSnapshot } from '../../src/domain/task-snapshot.js';
import { firstInOrder } from '../../workflows/queue/first-in-order.js';
import { slotWantedSignal } from '../../workflows/queue/messages.js';
import type { queueWorkflow } from '../../workflows/queue/workflow.js';
import { commandEndedSignal } from '../../workflows/queue-task/messages.js';
import { ScriptedActivities } from './scripted-activities.js';

const COMPLETED: Outcome = { status: 'completed', failureKind: null, message: null };
const HOUR_MS = 3_600_000;

interface WantedAttempt {
  readonly taskId: string;
  readonly attempt: number;
  readonly snapshot?: TaskSnapshot;
}

interface Recorded {
  readonly written?: 'stale' | 'written';
}

/** What the tasks of a workflow test find outside: records that are kept as the real ones, and runs that end when the test says so. */
export class QueueWorld {
  readonly tasks = new Map<string, TaskSnapshot>();
  readonly inputs = new Map<string, TaskInput>();
  /** Attempts in the order they were started. */
  readonly started: { readonly taskId: string; readonly attempt: number }[] = [];
  readonly stopped: string[] = [];
  readonly announced: string[] = [];
  /** Live attempts, and the most there ever were. */
  readonly live = new Set<string>();
  mostLive = 0;
  /** How often slots were compared with the records. */
  reviews = 0;
  /** How long a run takes, in real time. */
  runMs = 5;
  settings: SlotSettings = { concurrency: 10, paused: false, weights: {} };
  /** What becomes of an attempt that has started; by default it completes soon. */
  onStart: (started: { taskId: string; attempt: number; commandId: string }) => void | Promise<void> = ({
    taskId,
    commandId,
  }) => void setTimeout(() => void this.end(taskId, commandId, COMPLETED), this.runMs);
  /** What the record of an attempt's command says. */
  ended: Outcome | null = null;
  /** Refuses to start what it throws for. */
  beforeStart: () => void = () => undefined;

  constructor(
    private readonly client: Client,
    private readonly taskQueue: string,
    private readonly queueWaits: Partial<
      Pick<QueueInput, 'idleMs' | 'reviewMs' | 'carried' | 'continueAsNewAtEvents'>
    > = {},
  ) {}

  latest(taskId: string): TaskSnapshot {
    const snapshot = this.tasks.get(taskId);
    if (snapshot === undefined) throw new Error(`task ${taskId} was never projected`);
    return snapshot;
  }

  async end(taskId: string, commandId: string, outcome: Outcome): Promise<void> {
    this.live.delete(commandId);
    const ended = { taskId, runId: 'run_1', commandId, outcome };
    await this.client.workflow.getHandle(taskWorkflowId(taskId)).signal(commandEndedSignal, ended);
  }

  get activities() {
    return {
      ...(new ScriptedActivities() as object as Record<string, never>),
      projectTask: async (snapshot: TaskSnapshot) => this.project(snapshot),
      startTaskAttempt: async ({ taskId, attempt, snapshot }: WantedAttempt): Promise<StartedAttempt & Recorded> => {
        const written = snapshot && this.project(snapshot);
        this.beforeStart();
        const commandId = `cmd_${taskId}_${attempt}`;
        if (!this.started.some((one) => one.taskId === taskId && one.attempt === attempt)) {
          this.started.push({ taskId, attempt });
          this.live.add(commandId);
          this.mostLive = Math.max(this.mostLive, this.live.size);
          await this.onStart({ taskId, attempt, commandId });
        }
        const started = { runId: 'run_1', commandId, sessionId: null, runnerJobId: null, startedRun: true };
        return { ...started, ...(written && { written }) };
      },
      stopTaskAttempt: async ({ commandId }: { commandId: string }) => {
        this.stopped.push(commandId);
      },
      readTaskAttempt: async () => this.ended,
      wantSlot: async ({ queue, wanted }: { queue: string; wanted: SlotWanted }) => {
        const { idleMs = HOUR_MS, reviewMs = HOUR_MS, ...more } = this.queueWaits;
        await this.client.workflow.signalWithStart<typeof queueWorkflow, [SlotWanted]>('queueWorkflow', {
          taskQueue: this.taskQueue,
          workflowId: queueWorkflowId(queue),
          args: [{ queue, idleMs, reviewMs, ...more }],
          signal: slotWantedSignal,
          signalArgs: [wanted],
        });
      },
      readSlots: async ({ queue, limit = Infinity }: { queue: string; limit?: number }): Promise<SlotRecords> =>
        this.slots(queue, limit),
      closeGoneTasks: async () => {
        this.reviews += 1;
      },
      announceTaskEnd: async ({ taskId }: { taskId: string }) => {
        this.announced.push(taskId);
      },
    };
  }

  private project(snapshot: TaskSnapshot): 'stale' | 'written' {
    if (snapshot.version <= (this.tasks.get(snapshot.taskId)?.version ?? 0)) return 'stale';
    this.tasks.set(snapshot.taskId, snapshot);
    return 'written';
  }

  /** As the rows tell it. */
  private slots(queue: string, limit: number): SlotRecords {
    const inQueue = [...this.tasks.values()].filter(({ taskId }) => this.inputs.get(taskId)?.queue === queue);
    const of = ({ taskId, attempt }: TaskSnapshot) => {
      const { tenantId = '', priority = 0, createdAtMs = 0 } = this.inputs.get(taskId) ?? {};
      return { taskId, attempt, tenantId, priority, sinceMs: createdAtMs };
    };
    const waiting = inQueue.filter(({ phase }) => phase === 'waiting-for-slot').map(of);
    const holding = inQueue.filter(({ phase }) => ['starting', 'running', 'cancelling'].includes(phase)).map(of);
    const first = firstInOrder(waiting, this.settings, limit);
    return {
      settings: this.settings,
      waiting: first.map((one) => ({ ...one, attempt: one.attempt + 1 })),
      more: waiting.length > first.length,
      // A task that has its slot and no attempt yet is about to begin the next.
      holding: holding.map(({ taskId, attempt, tenantId }) => ({ taskId, attempt: Math.max(1, attempt), tenantId })),
    };
  }
}
