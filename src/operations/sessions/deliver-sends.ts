import { setTimeout as delay } from 'node:timers/promises';
import type { RunRecord } from '../../contract/run.js';
import { runWorkflowId } from '../../domain/ids.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { RunRefused, type RunRefusalType } from '../../domain/refusals.js';
import type { RefusedSend, SendToSession, SentCommand } from '../../domain/run-messages.js';
import type { RunDraft } from '../../ports/run-store.js';
import type { OperationContext } from '../context.js';
import { draftOf, inputOf, orLeave } from '../runs/open-run.js';
import { assertMayClone } from '../runs/repo-url.js';
import { refusalError } from '../runs/run-refusals.js';
import { runnerJobRequest } from '../runs/runner-job-request.js';
import { toRun } from '../runs/to-run.js';
import type { PendingSend, Refusals } from './send-queue.js';

/** A run that was over before it could take anything: its start was repeated after its end. */
const TRIES = 3;

/** How long the session's last run may take to end, its runner's included, before a caller is told to come again. */
const CLOSING_MS = 20_000;
const LOOK_AGAIN_MS = 50;

/** What a run that takes nothing more says; so does a workflow that is gone. */
const TAKES_NO_MORE: readonly RunRefusalType[] = ['run-terminal', 'session-closing'];

/**
 * Hands sends over to the session's live run, or to a new one that starts with them: Temporal decides which, in one step. Answers those
 * that the run had no room for.
 * @throws unavailable when Temporal does not answer in time: the sends stay drafts, and go on when they are repeated.
 */
export async function deliverSends(context: OperationContext, sends: readonly PendingSend[]): Promise<Refusals> {
  const [lead] = sends;
  if (lead === undefined) return new Map();
  const seen = lead.liveRunId === undefined ? await liveRunId(context, lead) : lead.liveRunId;
  const live = await readLive(context, seen);
  if (live === undefined) return toLiveOrNewRun(context, lead, sends);
  const refused = await toLiveRun(context, lead, sends, live);
  // Whether it took them before it was gone nobody knows.
  return refused === 'gone' ? toLiveOrNewRun(context, lead, repeated(sends)) : refusalsOf(lead.sessionId, refused);
}

/** To the run that the records say lives: no other has to be drafted for that, and it needs no start. `gone` where it takes nothing more. */
async function toLiveRun(
  context: OperationContext,
  { sessionId }: PendingSend,
  sends: readonly PendingSend[],
  live: LiveRun,
): Promise<readonly RefusedSend[] | 'gone'> {
  const open = await untaken(context, sends);
  if (open.length === 0) return [];
  const message = await messageTo(context, open, live);
  const workflowId = runWorkflowId({ runId: live.run.id, sessionId });
  try {
    const answer = await toRun(context, { workflowId }, (gateway, address) => gateway.sendToLiveRun(address, message));
    return answer.refused ?? [];
  } catch (error) {
    if (!(error instanceof RunRefused)) throw error;
    if (TAKES_NO_MORE.includes(error.type)) return 'gone';
    throw refusalError(sessionId, error);
  }
}

/**
 * To whichever run there is. The new run is drafted first, since its workflow must find its record; where another run took the sends,
 * the draft goes again.
 */
async function toLiveOrNewRun(
  context: OperationContext,
  lead: PendingSend,
  sends: readonly PendingSend[],
): Promise<Refusals> {
  for (let tries = 1; ; tries += 1) {
    const draft = await draftNextRun(context, lead, sends);
    const said = tries === 1 ? sends : repeated(sends);
    const answer = await orLeave(context, draft, () => whenOpen(() => deliver(context, draft, said)));
    if (!(answer instanceof RunRefused)) return refusalsOf(lead.sessionId, answer);
    await context.runs.dropRunDraft(draft.id);
    if (answer.type !== 'run-terminal' || tries === TRIES) throw refusalError(lead.sessionId, answer);
  }
}

function repeated(sends: readonly PendingSend[]): readonly PendingSend[] {
  return sends.map((send) => ({ ...send, fresh: false }));
}

function refusalsOf(sessionId: string, refused: readonly RefusedSend[]): Refusals {
  const errors = refused.map(({ commandId, type, facts }) => {
    return [commandId, refusalError(sessionId, new RunRefused(type, facts))] as const;
  });
  return new Map(errors);
}

/** Tries again while the session's last run is still ending; answers what it is refused with otherwise. */
async function whenOpen<T>(work: () => Promise<T>): Promise<T | RunRefused> {
  const giveUpAt = performance.now() + CLOSING_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RunRefused)) throw error;
      if (error.type !== 'session-closing' || performance.now() > giveUpAt) return error;
    }
    // Not in the workflow's queue of messages: what ends the run has to get past.
    await delay(LOOK_AGAIN_MS);
  }
}

async function deliver(
  context: OperationContext,
  draft: RunDraft,
  sends: readonly PendingSend[],
): Promise<readonly RefusedSend[]> {
  const open = await untaken(context, sends);
  const [lead] = sends;
  if (lead === undefined || open.length === 0) {
    await context.runs.dropRunDraft(draft.id);
    return [];
  }
  const live = await readLive(context, await liveRunId(context, lead));
  const message = await messageTo(context, open, live);
  const input = inputOf(draft, context, { body: lead.run, startedFor: lead.commandId });
  const answer = await toRun(context, draft, (gateway, address) => gateway.sendToSession(address, input, message));
  if (answer.runId !== draft.id) await context.runs.dropRunDraft(draft.id);
  return answer.refused ?? [];
}

/** The session's live run, as the records have it. */
interface LiveRun {
  readonly run: RunRecord;
  readonly leaseOver: SendToSession['leaseOver'];
}

async function liveRunId({ sessions }: OperationContext, { sessionId }: PendingSend): Promise<string | null> {
  return (await sessions.get(sessionId, 'all'))?.activeRunId ?? null;
}

/** Nothing is steered into a turn whose runner is not heard of any more: the next attempt takes it as a turn of its own. */
async function readLive({ runs, leases }: OperationContext, runId: string | null): Promise<LiveRun | undefined> {
  if (runId === null) return undefined;
  const [run, lease] = await Promise.all([runs.getRun(runId, 'all'), leases.read(runId)]);
  if (run === undefined || isTerminalStatus(run.status)) return undefined;
  return { run, leaseOver: lease?.isOver === true ? { runId, attempt: lease.attempt } : null };
}

async function messageTo(
  context: OperationContext,
  sends: readonly PendingSend[],
  live: LiveRun | undefined,
): Promise<SendToSession> {
  if (live !== undefined) await describeJob(context, sends, live.run);
  return { sends: sends.map(sentCommand), leaseOver: live?.leaseOver ?? null };
}

function sentCommand({ commandId, fresh, runnerJob, taskId }: PendingSend): SentCommand {
  return { commandId, fresh, runnerJob: runnerJob !== null, ...(taskId !== undefined && { taskId }) };
}

async function draftNextRun(
  context: OperationContext,
  lead: PendingSend,
  sends: readonly PendingSend[],
): Promise<RunDraft> {
  assertMayClone(context, lead.run);
  const draft = draftOf(context, lead.run, lead.traceId);
  await context.runs.draftRun(draft);
  const wish = sends.find(({ runnerJob }) => runnerJob !== null);
  if (wish !== undefined) await context.jobs.request(jobRequest(context, { runId: draft.id, attempt: 1 }, wish));
  return draft;
}

/** A repeat may have waited while what it repeats was taken, and even done: no run is to be made for it. */
async function untaken(context: OperationContext, sends: readonly PendingSend[]): Promise<readonly PendingSend[]> {
  const repeated = sends.filter(({ fresh }) => !fresh).map(({ commandId }) => commandId);
  if (repeated.length === 0) return sends;
  const drafts = await context.runs.findCommandDrafts(repeated);
  return sends.filter(({ commandId, fresh }) => fresh || drafts.includes(commandId));
}

/** The live run that waits without a Job gets one by the send, as that describes it. A further attempt's is described by the first. */
async function describeJob(context: OperationContext, sends: readonly PendingSend[], run: RunRecord): Promise<void> {
  const wish = sends.find(({ runnerJob }) => runnerJob !== null);
  if (wish === undefined || run.claimedBy !== null) return;
  if ((await context.jobs.list({ runId: run.id })).length > 0) return;
  await context.jobs.request(jobRequest(context, { runId: run.id, attempt: run.attempt }, wish));
}

function jobRequest(context: OperationContext, at: { runId: string; attempt: number }, wish: PendingSend) {
  return runnerJobRequest(context.platform, at, { ...wish.runnerJob, commandId: wish.commandId });
}
