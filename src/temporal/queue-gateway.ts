import { type Client, type UpdateDefinition, WithStartWorkflowOperation } from '@temporalio/client';
import { queueWorkflowId, TASK_QUEUE, taskWorkflowId } from '../domain/ids.js';
import { RunRefused } from '../domain/refusals.js';
import type { TaskPhase } from '../domain/task-lifecycle.js';
import { TaskRefused, type QueueInput, type SlotWanted, type TaskInput, type ToTask } from '../domain/task-messages.js';
import type { QueueGateway, QueueSignals } from '../ports/queue-gateway.js';
import * as queueMessages from '../../workflows/queue/messages.js';
import type { queueWorkflow } from '../../workflows/queue/workflow.js';
import * as taskMessages from '../../workflows/queue-task/messages.js';
import type { queueTaskWorkflow } from '../../workflows/queue-task/workflow.js';
import { answered } from './answered.js';
import { describe } from './describe.js';
import { isAlreadyStarted, isTaskOver } from './errors.js';
import { hasClosed } from './has-closed.js';
import { keywordAttributes } from './keyword-attributes.js';

/**
 * Below Temporal's default of 3: what somebody waits for, a send or a claim, goes before the tasks of a full queue where workers are busy;
 * and of these, tenants take turns.
 */
const TASK_PRIORITY_KEY = 4;

type Queue = typeof queueWorkflow;

/** Waits of a queue's workflow, in milliseconds. */
const QUEUE_IDLE_MS = 3_600_000;
const QUEUE_REVIEW_MS = 600_000;

/** What `QueueGateway` and `QueueSignals` promise. */
export function createQueueGateway(
  client: Client,
  { continueAsNewAtEvents }: Pick<QueueInput, 'continueAsNewAtEvents'>,
): QueueGateway & QueueSignals {
  const update = async <M extends ToTask>(definition: UpdateDefinition<void, [M]>, message: M): Promise<void> =>
    unlessOver(async () =>
      answered(client, async () => taskHandle(client, message.taskId).executeUpdate(definition, { args: [message] })),
    );
  const inputOf = (queue: string): QueueInput => ({
    queue,
    idleMs: QUEUE_IDLE_MS,
    reviewMs: QUEUE_REVIEW_MS,
    continueAsNewAtEvents,
  });
  return {
    openTask: async (input) => openTask(client, input),
    dispatchTask: async (input) => unlessOver(async () => startWith(client, taskMessages.dispatchTaskUpdate, input)),
    cancelTask: async (message) => update(taskMessages.cancelTaskUpdate, message),
    refreshTask: async (message) => update(taskMessages.refreshTaskUpdate, message),
    queueChanged: async (queue) => {
      const handle = client.workflow.getHandle(queueWorkflowId(queue));
      await told(async () => answered(client, async () => handle.signal(queueMessages.queueChangedSignal)));
    },
    wantSlot: async (queue, wanted) => {
      const signal = { signal: queueMessages.slotWantedSignal, signalArgs: [wanted] as [SlotWanted] };
      const options = { ...queueOptions(inputOf(queue)), ...signal };
      await answered(client, async () =>
        client.workflow.signalWithStart<Queue, [SlotWanted]>('queueWorkflow', options),
      );
    },
    tendQueue: async (queue) => {
      const options = { ...queueOptions(inputOf(queue)), signal: queueMessages.queueChangedSignal };
      await answered(client, async () => client.workflow.signalWithStart<Queue>('queueWorkflow', options));
    },
    budgetExceeded: async (message) => {
      const handle = taskHandle(client, message.taskId);
      return told(async () => answered(client, async () => handle.signal(taskMessages.budgetExceededSignal, message)));
    },
    commandEnded: async (message) => {
      const handle = taskHandle(client, message.taskId);
      return told(async () => answered(client, async () => handle.signal(taskMessages.commandEndedSignal, message)));
    },
    findGoneTasks: async (taskIds) => {
      const found = await Promise.all(taskIds.map(async (taskId) => ((await isGone(client, taskId)) ? [taskId] : [])));
      return found.flat();
    },
  };
}

async function openTask(client: Client, input: TaskInput): Promise<void> {
  try {
    await startWith(client, taskMessages.openTaskUpdate, input);
  } catch (error) {
    if (!isAlreadyStarted(error)) throw error;
  }
}

/** Whoever has something to say to a queue first starts its workflow. */
function queueOptions(input: QueueInput) {
  const { queue } = input;
  return {
    taskQueue: TASK_QUEUE,
    workflowId: queueWorkflowId(queue),
    args: [input] as [QueueInput],
    typedSearchAttributes: keywordAttributes({ AgentRunQueue: queue }),
    staticSummary: `Gives out the slots of queue ${queue}`,
  };
}

function taskHandle(client: Client, taskId: string) {
  return client.workflow.getHandle<typeof queueTaskWorkflow>(taskWorkflowId(taskId));
}

async function startWith(client: Client, update: UpdateDefinition<void, [ToTask]>, input: TaskInput): Promise<void> {
  const message: ToTask = { taskId: input.taskId };
  await answered(client, async () =>
    client.workflow.executeUpdateWithStart(update, {
      args: [message],
      startWorkflowOperation: startOperation(input),
    }),
  );
}

/** One for each call: the SDK refuses to use it twice. */
function startOperation(input: TaskInput): WithStartWorkflowOperation<typeof queueTaskWorkflow> {
  const { taskId, tenantId, queue, after } = input;
  return new WithStartWorkflowOperation<typeof queueTaskWorkflow>('queueTaskWorkflow', {
    workflowId: taskWorkflowId(taskId),
    taskQueue: TASK_QUEUE,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    // A task's id is used once, so that a late repeat starts nothing; unless somebody wants the task that has ended to go on.
    workflowIdReusePolicy: after === undefined ? 'REJECT_DUPLICATE' : 'ALLOW_DUPLICATE',
    typedSearchAttributes: keywordAttributes({
      AgentRunTaskId: taskId,
      AgentRunQueue: queue,
      AgentRunTenant: tenantId,
      AgentRunStatus: 'pending',
      AgentRunPhase: firstPhase(input),
    }),
    staticSummary: `Task ${taskId} of queue ${queue} for ${tenantId}`,
    priority: { priorityKey: TASK_PRIORITY_KEY, fairnessKey: tenantId },
  });
}

/** As its first step leaves it, so that it need not be set again then. */
function firstPhase({ autoDispatch, notBeforeMs }: TaskInput): TaskPhase {
  if (!autoDispatch) return 'waiting-for-dispatch';
  return notBeforeMs !== null && notBeforeMs > Date.now() ? 'waiting-until' : 'waiting-for-slot';
}

/** A workflow that is closed, or was never there, takes nothing any more. */
async function unlessOver(call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (isTaskOver(error)) throw new TaskRefused('task-over');
    const isClosed = error instanceof RunRefused && error.type === 'run-terminal';
    throw isClosed || isAlreadyStarted(error) ? new TaskRefused('task-over', { closed: true }) : error;
  }
}

async function told(call: () => Promise<void>): Promise<'told' | 'gone'> {
  try {
    await call();
    return 'told';
  } catch (error) {
    if (error instanceof RunRefused && error.type === 'run-terminal') return 'gone';
    throw error;
  }
}

async function isGone(client: Client, taskId: string): Promise<boolean> {
  const found = await describe(client, taskWorkflowId(taskId));
  return found === undefined || hasClosed(found.status.name);
}
