import type { ActionDescriptor } from '../../contract/result.js';
import type { RunRecord } from '../../contract/run.js';
import type { ActiveBefore, SessionSent } from '../../contract/session-send.js';
import { runnerJobId } from '../../domain/ids.js';
import { missing } from '../../domain/errors.js';
import type { SendDecision } from '../../domain/run-snapshot.js';
import type { OperationContext } from '../context.js';
import { joinRunnerJob } from '../runs/runner-jobs.js';

/** What became of a send, from its record: the same whenever it is asked for. */
export async function sentAnswer(
  context: OperationContext,
  { sessionId, commandId, withJob }: { sessionId: string; commandId: string; withJob: boolean },
): Promise<SessionSent> {
  const sent = await context.sessions.readSend(commandId);
  const run = sent && (await context.runs.getRun(sent.command.runId, 'all'));
  // Its draft was dropped before it was opened: then the run has forgotten it.
  if (sent === undefined || run === undefined) throw missing('command', commandId);
  const { decision, command } = { decision: sent.decision.decision, command: sent.command };
  const job = withJob && decision === 'turn' ? await context.jobs.get(runnerJobId(run.id, run.attempt)) : undefined;
  return {
    action: 'session-send',
    dryRun: false,
    mutation: true,
    sessionId,
    decision,
    internalCommandType: decision,
    run,
    command,
    runnerJob: job === undefined ? null : await joinRunnerJob(context, run, job),
    activeBefore: activeBefore(run, sent.decision),
    pollActions: pollActions(sessionId, run.id, commandId),
    valuesPrinted: false,
  };
}

function activeBefore(run: RunRecord, { activeBefore: before }: SendDecision): ActiveBefore {
  if (before === null) return null;
  const { leaseExpiresAt } = run;
  return {
    runId: run.id,
    commandId: before.commandId,
    commandState: before.commandState,
    runStatus: before.runStatus,
    leaseExpiresAt,
    leaseExpired: leaseExpiresAt !== null && Date.parse(leaseExpiresAt) < Date.now(),
    reason: 'active-turn-running',
    valuesPrinted: false,
  };
}

const POLL_LIMIT = 100;

/** What a caller does next, in this order. */
function pollActions(sessionId: string, runId: string | null, commandId: string | null): ActionDescriptor[] {
  const about = {
    resourceKind: 'session',
    resourceName: sessionId,
    runId,
    commandId,
    sessionId,
    valuesPrinted: false,
  } as const;
  const page = { afterSeq: 0, limit: POLL_LIMIT };
  return [
    { action: 'inspect-session', operation: 'describe', ...about },
    { action: 'poll-trace', operation: 'events', ...about, ...page },
    { action: 'poll-output', operation: 'logs', ...about, ...page },
    { action: 'read-session', operation: 'read', ...about, readerId: 'cli' },
    { action: 'cancel-session', operation: 'cancel', ...about, reasonRequired: false },
  ];
}
