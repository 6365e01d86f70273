import { Type, type Static } from 'typebox';
import type { AgentRun } from '../client/agent-run.js';
import { ApiError } from '../client/http-client.js';
import { Nullable } from '../contract/common.js';
import { TaskId, TaskRecord, TaskSummary, type TaskDetail } from '../contract/task.js';
import { isTerminalStatus } from '../domain/outcome.js';
import { cutText } from './cut-text.js';

/** Whose unread marks count here: what people have read is not read by their agents. */
export const READER = 'mcp';

const PROMPT_CHARS = 2_000;
const REPLY_CHARS = 16_000;
const MESSAGE_CHARS = 500;

const { queue, title, state, phase, attentionState, failureKind, waitingUntil, updatedAt } = TaskSummary.properties;
const { usage } = TaskRecord.properties;

/** A task in a line or two. */
export const TaskBrief = Type.Object({
  taskId: TaskId,
  title,
  queue,
  state,
  phase,
  attentionState,
  /** 0 before the first. */
  attempt: Type.Integer({ minimum: 0 }),
  maxAttempts: Type.Integer({ minimum: 1 }),
  sessionId: Nullable(Type.String()),
  runId: Nullable(Type.String()),
  failureKind,
  failureMessage: Nullable(Type.String()),
  waitingUntil,
  updatedAt,
});
export type TaskBrief = Static<typeof TaskBrief>;

/** A task with what it is told, what it came to so far, and why. */
export const TaskView = Type.Object({
  ...TaskBrief.properties,
  prompt: Type.String(),
  /** What the agent answered; for a plain command, the end of what it printed. Null before its end. */
  reply: Nullable(Type.String()),
  diagnosis: Type.String(),
  usage,
  isOver: Type.Boolean(),
});
export type TaskView = Static<typeof TaskView>;

export function taskBrief(task: TaskSummary): TaskBrief {
  const attempt = task.latestAttempt;
  const { title, queue, state, phase, attentionState, failureKind, failureMessage, waitingUntil, updatedAt } = task;
  return {
    taskId: task.id,
    title,
    queue,
    state,
    phase,
    attentionState,
    attempt: attempt?.attempt ?? 0,
    maxAttempts: task.retryPolicy.maxAttempts,
    sessionId: attempt?.sessionId ?? task.sessionRef?.sessionId ?? null,
    runId: attempt?.runId ?? null,
    failureKind,
    failureMessage: failureMessage === null ? null : cutText(failureMessage, MESSAGE_CHARS, 'explain_run'),
    waitingUntil,
    updatedAt,
  };
}

export async function taskView(agentrun: AgentRun, task: TaskDetail): Promise<TaskView> {
  const { diagnosis, usage, payload } = task;
  const isOver = isTerminalStatus(task.state);
  const reply = isOver ? await replyOf(agentrun, task) : null;
  const prompt = cutText(payload.prompt, PROMPT_CHARS, 'not shown');
  return { ...taskBrief(task), prompt, reply, diagnosis, usage, isOver };
}

/** A run that is no longer kept has no reply, and is no fault of the task's. */
async function replyOf(agentrun: AgentRun, { latestAttempt }: TaskDetail): Promise<string | null> {
  if (latestAttempt === null || latestAttempt.runId === null || latestAttempt.commandId === null) return null;
  try {
    const { reply } = await agentrun.runs.result(latestAttempt.runId, latestAttempt.commandId);
    return reply === null ? null : cutText(reply, REPLY_CHARS, 'read_session, where the task has a session');
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
