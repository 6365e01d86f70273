import { stripVTControlCharacters } from 'node:util';
import type { TaskAttempt, TaskRecord, TaskSummary, TaskSupervisor } from '../contract/task.js';
import { ago, clockTime, roughly, spell } from './durations.js';
import { terminalSafe, type Colors } from './output.js';
import { statusWord } from './status-words.js';

/** A task in words, for rows of a list and of the board alike. Pure; times in milliseconds since the epoch. */

export function taskWord({ state, failureKind }: TaskRecord, colors: Colors): string {
  return statusWord({ status: state, failureKind }, colors);
}

/** What it is called; without a title by the end of its id, in which tasks made together differ. */
export function taskName({ title, id }: TaskRecord): string {
  return title === null ? `task …${id.slice(-8)}` : oneLine(title);
}

/** `2/3`, and `–` before the first attempt. Dispatched again a task counts on, so that there may be more than its policy has. */
export function tries({ latestAttempt, retryPolicy }: TaskRecord): string {
  if (latestAttempt === null) return '–';
  const { attempt } = latestAttempt;
  return attempt > retryPolicy.maxAttempts ? String(attempt) : `${attempt}/${retryPolicy.maxAttempts}`;
}

/** Why it is where it is, on one line. */
export function taskWhy(task: TaskSummary, nowMs: number): string {
  switch (task.phase) {
    case 'waiting-for-dispatch':
      return 'not dispatched';
    case 'waiting-until':
      return `waits until ${timeWords(task.waitingUntil, nowMs)}`;
    case 'waiting-for-slot':
      return `waits for a slot${afterFailure(task.latestAttempt)}`;
    case 'waiting-to-retry':
      return `tries again ${soonWords(task.waitingUntil, nowMs)}${afterFailure(task.latestAttempt)}`;
    case 'starting':
      return 'its attempt is being made';
    case 'running':
      return workWords(task);
    case 'cancelling':
      return task.cancelReason === null ? 'being cancelled' : `being cancelled: ${oneLine(task.cancelReason)}`;
    case 'ended':
      return endWords(task);
  }
}

function timeWords(until: string | null, nowMs: number): string {
  return until === null ? 'it is time' : `${clockTime(Date.parse(until), nowMs)} (${soonWords(until, nowMs)})`;
}

function soonWords(until: string | null, nowMs: number): string {
  const inMs = until === null ? 0 : Date.parse(until) - nowMs;
  return inMs < 1_000 ? 'now' : `in ${roughly(inMs)}`;
}

function afterFailure(attempt: TaskAttempt | null): string {
  return attempt === null || attempt.failureKind === null ? '' : `, after ${failureWords(attempt)}`;
}

/** What its agent does, and how long ago it was heard of. */
function workWords(task: TaskSummary): string {
  const supervisor = supervisorOf(task);
  if (supervisor === null) return unavailableWords(task) ?? 'an attempt runs';
  const { lastActivity, lastEventAgeMs, leaseExpired, phase } = supervisor;
  if (isQueuedInSession(task)) return 'waits for its turn: its session works on another';
  if (leaseExpired) return `nothing is heard of its runner${heard(lastEventAgeMs)}`;
  if (lastActivity === null) return `${phase ?? 'running'}${heard(lastEventAgeMs)}`;
  return `${oneLine(lastActivity.summary)}${heard(lastActivity.ageMs)}`;
}

function isQueuedInSession({ latestAttempt, activeSession }: TaskSummary): boolean {
  if (latestAttempt === null || latestAttempt.startedRun || latestAttempt.state !== 'pending') return false;
  const current = activeSession?.activeCommandId ?? null;
  return current !== null && current !== latestAttempt.commandId;
}

function heard(ageMs: number | null): string {
  return ageMs === null ? '' : ` · ${ago(ageMs)}`;
}

function endWords(task: TaskSummary): string {
  const { state, failureKind, cancelReason, active } = task;
  if (active) return `ended ${state}; its session goes on`;
  if (state === 'blocked' && failureKind === null) return `asks: ${question(task)}`;
  if (state === 'cancelled') return oneLine(cancelReason ?? '');
  return state === 'completed' ? `took ${spell(tookMs(task))}` : failureWords(task);
}

/** From its dispatch to its end. */
export function tookMs({ finishedAt, updatedAt, dispatchedAt, createdAt }: TaskRecord): number {
  return Math.max(0, Date.parse(finishedAt ?? updatedAt) - Date.parse(dispatchedAt ?? createdAt));
}

function question(task: TaskSummary): string {
  const said = task.failureMessage ?? supervisorOf(task)?.lastActivity?.summary;
  return said === undefined || said === '' ? 'it waits for an answer' : oneLine(said);
}

/** The kind before the message, but for the one that says no more than that it failed. */
function failureWords({ failureKind, failureMessage }: Pick<TaskAttempt, 'failureKind' | 'failureMessage'>): string {
  if (failureMessage === null || failureMessage.trim() === '') return failureKind ?? '';
  const saysMore = failureKind !== null && failureKind !== 'backend-failed';
  return saysMore ? `${failureKind}: ${oneLine(failureMessage)}` : oneLine(failureMessage);
}

/** Null before the first attempt, and where the manager could not tell. */
export function supervisorOf({ supervisor }: TaskSummary): TaskSupervisor | null {
  return supervisor === null || 'message' in supervisor ? null : supervisor;
}

function unavailableWords({ supervisor }: TaskSummary): string | null {
  return supervisor !== null && 'message' in supervisor ? oneLine(supervisor.message) : null;
}

/** Without colours either: a row has its own. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(terminalSafe(text)).replaceAll(/\s+/g, ' ').trim();
}
