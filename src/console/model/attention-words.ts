import type { SessionRecord, TaskSummary } from '../../client/index.js';
import { age, clock, plainLine, spell } from './times.js';

/** Why something is where it is, on one line. Pure; times in milliseconds since the epoch. */

export function sessionWhy(session: SessionRecord): string {
  switch (session.attentionState) {
    case 'needs-input':
      return 'the agent asks: answer it';
    case 'failed':
      return `failed: ${failureWords(session.failureKind)}`;
    case 'blocked':
      return `blocked: ${failureWords(session.failureKind)}`;
    case 'stalled':
      return 'nothing is heard of its runner';
    case 'active-session':
      return session.executionState === 'pending' ? 'a runner starts' : 'the agent works';
    case 'unread':
      return 'done, unread';
    case 'none':
      return session.executionState === 'idle' ? 'waits for what you say next' : endWords(session.terminalStatus);
  }
}

export function taskWhy(task: TaskSummary, nowMs: number): string {
  switch (task.phase) {
    case 'waiting-for-dispatch':
      return 'not dispatched yet';
    case 'waiting-until':
      return `waits until ${task.waitingUntil === null ? 'its time' : clock(task.waitingUntil, nowMs)}`;
    case 'waiting-for-slot':
      return 'waits for a slot of its queue';
    case 'waiting-to-retry':
      return `tries again ${soon(task.waitingUntil, nowMs)}, after ${failureWords(task.latestAttempt?.failureKind ?? null)}`;
    case 'starting':
      return 'its attempt is being made';
    case 'running':
      return workWords(task);
    case 'cancelling':
      return 'being cancelled';
    case 'ended':
      return taskEndWords(task);
  }
}

function workWords({ supervisor, attentionState }: TaskSummary): string {
  if (supervisor === null || 'message' in supervisor) return 'an attempt runs';
  if (attentionState === 'stalled' || supervisor.leaseExpired) return 'nothing is heard of its runner';
  const { lastActivity } = supervisor;
  // A phase is a word for programs.
  return lastActivity === null || lastActivity.type === 'backend_status'
    ? 'the agent works'
    : plainLine(lastActivity.summary);
}

function taskEndWords(task: TaskSummary): string {
  if (task.active) return 'ended; its session goes on';
  if (task.state === 'completed')
    return `took ${spell(Date.parse(task.finishedAt ?? task.updatedAt) - Date.parse(task.dispatchedAt ?? task.createdAt))}`;
  if (task.state === 'cancelled') return task.cancelReason ?? 'cancelled';
  if (task.state === 'blocked' && task.failureKind === null)
    return `asks: ${task.failureMessage ?? 'it waits for an answer'}`;
  return [failureWords(task.failureKind), task.failureMessage].filter(Boolean).join(': ');
}

/** A failure kind as words. */
export function failureWords(failureKind: string | null): string {
  return failureKind === null ? 'for a reason not told' : failureKind.replaceAll('-', ' ');
}

function endWords(terminalStatus: string | null): string {
  return terminalStatus === null
    ? 'nothing was said to it yet'
    : `its last run ${terminalStatus === 'cancelled' ? 'was cancelled' : terminalStatus}`;
}

function soon(iso: string | null, nowMs: number): string {
  if (iso === null || Date.parse(iso) <= nowMs + 1_000) return 'now';
  return `in ${age(new Date(nowMs - (Date.parse(iso) - nowMs)).toISOString(), nowMs)}`;
}
