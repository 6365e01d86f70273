import type { RunRecord, SessionRecord, TaskSummary } from '../../client/index.js';
import { NEEDS_ATTENTION, type AttentionState } from '../../domain/attention.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { sessionCan, taskCan, runCan, type BulkAction } from './bulk-actions.js';
import { failureWords, sessionWhy, taskWhy } from './attention-words.js';
import type { Place } from './place.js';
import { runLook, sessionLook, taskLook, type StatusLook } from './status-look.js';

export const INBOX_GROUPS = ['needs-you', 'running', 'recent'] as const;
export type InboxGroup = (typeof INBOX_GROUPS)[number];

/** One thing that somebody may want to look at: a session, a task, or a run outside both. */
export interface InboxRow {
  readonly key: string;
  readonly group: InboxGroup;
  readonly place: Place;
  readonly kind: 'session' | 'task' | 'run';
  readonly title: string;
  readonly look: StatusLook;
  readonly why: string;
  readonly about: string;
  readonly backend: string;
  readonly at: string;
  readonly isUnread: boolean;
  /** The lower presses more. */
  readonly urgency: number;
  /** What can be done with it together with others. */
  readonly can: readonly BulkAction[];
}

export interface Inbox {
  readonly rows: readonly InboxRow[];
  /** There are more than these that need somebody. */
  readonly moreNeedYou: boolean;
}

export interface InboxData {
  readonly tasks: readonly TaskSummary[];
  readonly sessions: readonly SessionRecord[];
  readonly runs: readonly RunRecord[];
}

/** What there is to see, in the order in which somebody should see it. Pure. */
export function inboxRows({ tasks, sessions, runs }: InboxData, nowMs: number): InboxRow[] {
  const ofTasks = tasks.map((task) => taskRow(task, nowMs));
  const known = new Set(tasks.flatMap(({ latestAttempt: attempt }) => [attempt?.sessionId, attempt?.runId]));
  const ofSessions = sessions.filter(({ sessionId }) => !known.has(sessionId)).map(sessionRow);
  const ofRuns = runs.filter((run) => run.sessionRef === null && !known.has(run.id)).map(runRow);
  const rows = [...ofTasks, ...ofSessions, ...ofRuns];
  return INBOX_GROUPS.flatMap((group) => rows.filter((row) => row.group === group).sort(byUrgency));
}

/** Every word of the filter stands somewhere in the row. */
export function matchesSearch(row: InboxRow, search: string): boolean {
  const text = [row.title, row.why, row.about, row.backend, row.look.word, row.kind, row.key].join(' ').toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** How many rows stand elsewhere, or are new, in a fresher list: what is held back while somebody points at the older one. */
export function movedRows(shown: readonly InboxRow[], fresh: readonly InboxRow[]): number {
  const places = new Map(shown.map((row, index) => [row.key, index]));
  return fresh.filter(({ key }, index) => places.get(key) !== index).length;
}

/** The rows in the order that is shown, each with what is known of it now. */
export function inShownOrder(shown: readonly InboxRow[], fresh: readonly InboxRow[]): InboxRow[] {
  const byKey = new Map(fresh.map((row) => [row.key, row]));
  return shown.map((row) => ({ ...(byKey.get(row.key) ?? row), group: row.group }));
}

/** How many of a group there are, where there may be more than are shown. */
export function atLeast(count: number, isMore: boolean): string {
  return isMore ? `${count}+` : String(count);
}

/** What the tab says: how many need somebody, and how many work. */
export function tabState(rows: readonly InboxRow[]): { needYou: number; running: number; unread: number } {
  const count = (group: InboxGroup) => rows.filter((row) => row.group === group).length;
  return {
    needYou: count('needs-you'),
    running: count('running'),
    unread: rows.filter(({ isUnread }) => isUnread).length,
  };
}

function byUrgency(one: InboxRow, other: InboxRow): number {
  return one.urgency - other.urgency || Date.parse(other.at) - Date.parse(one.at) || (one.key < other.key ? -1 : 1);
}

function groupOf(attention: AttentionState, isLive: boolean): InboxGroup {
  if (NEEDS_ATTENTION.includes(attention)) return 'needs-you';
  return isLive ? 'running' : 'recent';
}

function urgencyOf(attention: AttentionState): number {
  const index = NEEDS_ATTENTION.indexOf(attention);
  return index < 0 ? NEEDS_ATTENTION.length : index;
}

function taskRow(task: TaskSummary, nowMs: number): InboxRow {
  const { id, title, queue, tenantId, projectId, backendProfile, attentionState, unread } = task;
  return {
    key: id,
    group: groupOf(attentionState, !isTerminalStatus(task.state) || task.active),
    place: { page: 'task', id, at: null },
    kind: 'task',
    title: title ?? `Task …${id.slice(-8)}`,
    look: taskLook(task),
    why: taskWhy(task, nowMs),
    about: `${queue} · ${tenantId}/${projectId}`,
    backend: backendProfile,
    at: task.updatedAt,
    isUnread: unread,
    urgency: urgencyOf(attentionState),
    can: taskCan(task),
  };
}

/** Sessions have no title of their own: one may stand in their metadata. */
export function sessionTitle({ sessionId, metadata }: Pick<SessionRecord, 'sessionId' | 'metadata'>): string {
  const { title } = metadata;
  return typeof title === 'string' && title !== '' ? title : sessionId;
}

function sessionRow(session: SessionRecord): InboxRow {
  const { sessionId, tenantId, projectId, backendProfile, attentionState, active, unread, lastActivityAt } = session;
  return {
    key: sessionId,
    group: groupOf(attentionState, active),
    place: { page: 'session', id: sessionId, at: null },
    kind: 'session',
    title: sessionTitle(session),
    look: sessionLook(session),
    why: sessionWhy(session),
    about: `${tenantId}/${projectId}`,
    backend: backendProfile,
    at: lastActivityAt,
    isUnread: unread,
    urgency: urgencyOf(attentionState),
    can: sessionCan(session),
  };
}

/** A run outside of sessions has no readers: one that ended is among the recent ones. */
function runRow(run: RunRecord): InboxRow {
  const { id, tenantId, projectId, backendProfile, terminalStatus, failureKind } = run;
  return {
    key: id,
    group: terminalStatus === null ? 'running' : 'recent',
    place: { page: 'run', id, at: null },
    kind: 'run',
    title: `Run …${id.slice(-8)}`,
    look: runLook(run),
    why: runWhy(run.status, terminalStatus, failureKind, run.failureMessage),
    about: `${tenantId}/${projectId}`,
    backend: backendProfile,
    at: run.updatedAt,
    isUnread: false,
    urgency: NEEDS_ATTENTION.length,
    can: runCan(run),
  };
}

function runWhy(
  status: string,
  terminalStatus: string | null,
  failureKind: string | null,
  message: string | null,
): string {
  if (terminalStatus === null) return status === 'pending' ? 'waits for a runner' : 'has a runner';
  if (failureKind === null) return message ?? terminalStatus;
  return [failureWords(failureKind), message].filter(Boolean).join(': ');
}
