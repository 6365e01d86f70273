import type { RunCreate, RunRecord } from '../../contract/run.js';
import type { ActiveBefore, SessionSend, SessionSendPlan } from '../../contract/session-send.js';
import type { SessionRecord } from '../../contract/session.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { liveTurn } from '../../run-result/run-facts.js';
import type { OperationContext } from '../context.js';
import { readJobFacts } from '../runs/read-run-facts.js';

export interface SendToPlan {
  readonly session: SessionRecord | undefined;
  readonly sessionId: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly run: RunCreate;
  readonly body: SessionSend;
}

/** What a send would do now, from the records; writes nothing. What is true now may no longer be when it is confirmed. */
export async function planOfSend(context: OperationContext, plan: SendToPlan): Promise<SessionSendPlan> {
  const { session, sessionId, payload, run, body } = plan;
  const live = await liveRun(context, session);
  const before = live === undefined ? null : await turnBefore(context, live);
  const decision = before !== null && !before.leaseExpired ? 'steer' : 'turn';
  const createRunnerJob = body.createRunnerJob !== false;
  return {
    action: 'session-send-plan',
    dryRun: true,
    mutation: false,
    sessionId,
    decision,
    internalCommandType: decision,
    activeBefore: before,
    request: {
      method: 'POST',
      path: live === undefined ? '/api/v1/runs' : `/api/v1/runs/${live.id}/commands`,
      commandType: decision,
      payloadBytes: bytes(payload),
      runBytes: bytes(body.run ?? body.runBase ?? {}),
      createRunnerJob,
      runnerJobBytes: bytes(body.runnerJob ?? {}),
      valuesPrinted: false,
    },
    ...(live === undefined ? { run: runPart(sessionId, run) } : {}),
    next: { confirm: confirmAction(sessionId, live?.id ?? null, decision), note: noteOf(live, decision) },
    valuesPrinted: false,
  };
}

/** One that a cancel was asked for is closing: what is sent now waits for its end. */
async function liveRun(context: OperationContext, session: SessionRecord | undefined): Promise<RunRecord | undefined> {
  const runId = session?.activeRunId ?? null;
  const run = runId === null ? undefined : await context.runs.getRun(runId, 'all');
  return run === undefined || isTerminalStatus(run.status) || run.cancelRequestedAt !== null ? undefined : run;
}

async function turnBefore(context: OperationContext, run: RunRecord): Promise<ActiveBefore> {
  const turn = liveTurn(await readJobFacts(context, run));
  if (turn === null) return null;
  const lease = await context.leases.read(run.id);
  return {
    runId: run.id,
    commandId: turn.id,
    commandState: turn.state,
    runStatus: run.status,
    leaseExpiresAt: run.leaseExpiresAt,
    leaseExpired: lease?.isOver === true,
    reason: 'active-turn-running',
    valuesPrinted: false,
  };
}

function runPart(sessionId: string, run: RunCreate): SessionSendPlan['run'] {
  const { conversationId, threadId, metadata } = run.sessionRef ?? {};
  const metadataKeys = Object.keys(metadata ?? {});
  return {
    bodyBytes: bytes(run),
    sessionRef: { sessionId, conversationId: conversationId ?? null, threadId: threadId ?? null, metadataKeys },
  };
}

function confirmAction(sessionId: string, runId: string | null, inputKind: string): SessionSendPlan['next']['confirm'] {
  return {
    action: 'send-session',
    operation: 'send',
    resourceKind: 'session',
    resourceName: sessionId,
    runId,
    commandId: null,
    sessionId,
    inputKind,
    valuesPrinted: false,
  };
}

function noteOf(live: RunRecord | undefined, decision: 'steer' | 'turn'): string {
  if (decision === 'steer') return 'it would be steered into the turn that runs now';
  return live === undefined ? 'it would be the first turn of a new run' : 'it would be a further turn of the live run';
}

function bytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
