import type { RunResult } from '../../contract/result.js';
import type { SessionRecord, SessionSummary, Unavailable } from '../../contract/session.js';
import { missing } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import { buildRunResult } from '../../run-result/build-run-result.js';
import { sessionSupervisor } from '../../run-result/session-supervisor.js';
import { tenantScope } from '../access.js';
import type { OperationContext } from '../context.js';
import { readRunFacts } from '../runs/read-run-facts.js';

/** The session, if the principal may see it; `unread` is this reader's. @throws missing */
export async function requireSession(
  context: OperationContext,
  principal: Principal,
  sessionId: string,
  readerId?: string,
): Promise<SessionRecord> {
  const session = await context.sessions.get(sessionId, tenantScope(principal), readerId);
  if (session === undefined) throw missing('session', sessionId);
  return session;
}

/** A session with what its active run, or its last one, tells. Should that fail, the record still answers. */
export async function sessionSummary(
  context: OperationContext,
  principal: Principal,
  sessionId: string,
  readerId: string,
): Promise<SessionSummary> {
  const session = await requireSession(context, principal, sessionId, readerId);
  const runId = session.activeRunId ?? session.lastRunId;
  try {
    const result = await resultOf(context, runId);
    return { ...session, liveness: result?.liveness ?? null, supervisor: sessionSupervisor(session, result) };
  } catch (error) {
    context.log('the state of a session’s run could not be read', { sessionId, runId, error });
    return { ...session, liveness: UNAVAILABLE, supervisor: UNAVAILABLE };
  }
}

const UNAVAILABLE: Unavailable = {
  phase: 'unavailable',
  failureKind: 'infra-failed',
  message: 'the state of the run could not be read; try again',
};

async function resultOf(context: OperationContext, runId: string | null): Promise<RunResult | null> {
  const run = runId === null ? undefined : await context.runs.getRun(runId, 'all');
  return run === undefined ? null : buildRunResult(await readRunFacts(context, run));
}
