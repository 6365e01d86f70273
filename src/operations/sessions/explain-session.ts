import type { SessionExplanation } from '../../contract/explanation.js';
import type { Principal } from '../../domain/principal.js';
import { TIMELINE_LIMITS } from '../../domain/timeline.js';
import { explainSession as explain } from '../../run-result/explain/explain-session.js';
import type { OperationContext } from '../context.js';
import { readExplainFacts } from '../runs/explain-run.js';
import { requireSession } from './read-session.js';

/** Why the session is where it is: its newest runs, and the one that counts in full. @throws missing */
export async function explainSession(
  context: OperationContext,
  principal: Principal,
  sessionId: string,
): Promise<SessionExplanation> {
  const session = await requireSession(context, principal, sessionId);
  const { items } = await context.runs.listRuns({ tenants: 'all', sessionId, limit: TIMELINE_LIMITS.runs });
  const runId = session.activeRunId ?? session.lastRunId;
  const run =
    runId === null ? undefined : (items.find(({ id }) => id === runId) ?? (await context.runs.getRun(runId, 'all')));
  const facts = run === undefined ? null : await readExplainFacts(context, run);
  return explain({ session, others: items.filter(({ id }) => id !== run?.id), run: facts });
}
