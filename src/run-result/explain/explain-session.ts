import type { SessionExplanation, TimelineEntry, TimelineSources } from '../../contract/explanation.js';
import type { ActionDescriptor } from '../../contract/result.js';
import type { RunRecord } from '../../contract/run.js';
import type { SessionRecord } from '../../contract/session.js';
import type { NextAction } from '../../domain/next-actions.js';
import { diagnosis } from '../diagnosis.js';
import { recoveryActions } from '../recovery-actions.js';
import { entriesFrom } from './entry.js';
import type { ExplainFacts } from './explain-facts.js';
import { runEntries, sourcesOf } from './explain-run.js';
import { toTimeline } from './timeline.js';

export interface SessionFacts {
  readonly session: SessionRecord;
  /** Its newest runs, but for the one that is told in full. */
  readonly others: readonly RunRecord[];
  /** The active run, else the last one; null where it never had one. */
  readonly run: ExplainFacts | null;
}

/** Why a session is where it is: its runs in a line or two each, and the one that counts in full. */
export function explainSession({ session, others, run }: SessionFacts): SessionExplanation {
  const { sessionId, executionState, attentionState, storageKind } = session;
  const entries = [
    ...sessionEntries(session),
    ...others.flatMap(otherEntries),
    ...(run === null ? [] : runEntries(run)),
  ];
  return {
    sessionId,
    executionState,
    attentionState,
    storageKind,
    runId: run?.run.run.id ?? null,
    ...toTimeline(entries),
    sources: run === null ? NOTHING_ASKED : sourcesOf(run),
    ...verdict(session, run),
    valuesPrinted: false,
  };
}

const NOTHING_ASKED: TimelineSources = { history: 'not-asked', events: 'read', note: null };

function sessionEntries(session: SessionRecord): TimelineEntry[] {
  const tell = entriesFrom('records', null);
  const where = `${session.tenantId}/${session.projectId}, on ${session.backendProfile}`;
  return [tell(Date.parse(session.createdAt), 'session', `The session was made for ${where}.`)];
}

function otherEntries(run: RunRecord): TimelineEntry[] {
  const tell = entriesFrom('records', run.id);
  const begun = tell(Date.parse(run.createdAt), 'run', `Run ${run.id} was created.`);
  if (run.finishedAt === null) return [begun];
  const isTrouble = run.status === 'failed' || run.status === 'blocked';
  const kind = run.failureKind === null || run.failureKind === 'cancelled' ? '' : ` with ${run.failureKind}`;
  const tries = run.attempt === 1 ? '' : `, in attempt ${run.attempt}`;
  const text = `Run ${run.id} ended ${run.status}${kind}${tries}.`;
  return [begun, tell(Date.parse(run.finishedAt), 'end', text, { isTrouble })];
}

function verdict(session: SessionRecord, run: ExplainFacts | null): Pick<SessionExplanation, 'diagnosis' | 'next'> {
  const { sessionId, storageKind, activeRunId } = session;
  if (storageKind === 'evicted') {
    const sentence = 'The session’s storage was given up, so that its conversation cannot go on; begin a new session.';
    return { diagnosis: sentence, next: [action('create-session', 'create', null)] };
  }
  if (run !== null) {
    const between = activeRunId === null ? 'No run of the session lives. ' : '';
    return { diagnosis: `${between}${diagnosis(run.run)}`, next: recoveryActions(run.run) };
  }
  const sentence = 'Nothing was sent to the session yet; send it a first turn.';
  return { diagnosis: sentence, next: [action('send-session', 'send', sessionId)] };
}

function action(name: NextAction, operation: string, sessionId: string | null): ActionDescriptor {
  return {
    action: name,
    operation,
    resourceKind: 'session',
    resourceName: sessionId,
    runId: null,
    commandId: null,
    sessionId,
    valuesPrinted: false,
  };
}
