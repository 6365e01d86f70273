import type { SessionRecord, Unavailable } from '../../contract/session.js';
import type { TaskRecord, TaskSummary } from '../../contract/task.js';
import { attentionState } from '../../domain/attention.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { SLOT_PHASES } from '../../domain/task-lifecycle.js';
import type { RunFacts } from '../../run-result/run-facts.js';
import { activeSessionOf, supervised, taskSupervisor } from '../../run-result/task-supervisor.js';
import type { OperationContext } from '../context.js';
import { readManyRunFacts, type FactsTarget, type ReadFacts } from '../runs/read-many-run-facts.js';

const UNAVAILABLE: Unavailable = {
  phase: 'unavailable',
  failureKind: 'infra-failed',
  message: 'how the work on the task stands could not be read; try again',
};

/** What is known of the work on a task. `facts` is null where there is no run, undefined where they could not be read. */
interface WorkOnTask {
  readonly session: SessionRecord | null;
  readonly facts: RunFacts | null | undefined;
}

/** How many facts at once, or of one task more of them. */
type FactsReader = (targets: readonly FactsTarget[]) => Promise<ReadFacts>;

/**
 * Tasks with what their sessions and newest attempts tell, in as many statements for one as for a thousand. Should those fail, the
 * records still answer. What supervisors leave out here, `readManyRunFacts` says.
 */
export async function taskSummaries(
  context: Pick<OperationContext, 'board'>,
  tasks: readonly TaskRecord[],
  readerId: string,
): Promise<TaskSummary[]> {
  const work = await readWork(context, tasks, readerId, async (targets) => readManyRunFacts(context, targets));
  return tasks.map((task) => taskSummary(task, work(task)));
}

export async function readWork(
  context: Pick<OperationContext, 'board'>,
  tasks: readonly TaskRecord[],
  readerId: string,
  readFacts: FactsReader,
): Promise<(task: TaskRecord) => WorkOnTask> {
  const sessions = await readSessions(context, tasks, readerId).catch(() => undefined);
  if (sessions === undefined) return () => ({ session: null, facts: undefined });
  const targets = tasks.flatMap((task) => targetOf(task, sessionOf(task, sessions)) ?? []);
  const read = targets.length === 0 ? NO_RUNS : await readFacts(targets).catch(() => undefined);
  return (task) => {
    const session = sessionOf(task, sessions);
    const target = targetOf(task, session);
    return { session, facts: read && ((target && read(target)) ?? null) };
  };
}

const NO_RUNS: ReadFacts = () => undefined;

export function taskSummary(task: TaskRecord, { session, facts }: WorkOnTask): TaskSummary {
  const { state, failureKind, unread } = task;
  const activeSession = activeSessionOf(session);
  const stalled = (activeSession !== null || state === 'running') && isLeaseOver(facts);
  const terminalStatus = isTerminalStatus(state) ? state : null;
  return {
    ...task,
    active: activeSession !== null || (SLOT_PHASES as readonly string[]).includes(task.phase),
    attentionState: attentionState({ active: activeSession !== null, stalled, terminalStatus, failureKind, unread }),
    activeSession,
    supervisor: supervisorOf(task, { session, facts }),
  };
}

/** What a task's facts are to be read of; undefined before it has a run. */
function targetOf({ latestAttempt }: TaskRecord, session: SessionRecord | null): FactsTarget | undefined {
  if (latestAttempt === null) return undefined;
  const { runId, commandId } = supervised(latestAttempt, session);
  return runId === null ? undefined : { runId, commandId };
}

function supervisorOf(task: TaskRecord, { session, facts }: WorkOnTask): TaskSummary['supervisor'] {
  const { latestAttempt } = task;
  if (latestAttempt === null) return null;
  if (facts === undefined) return UNAVAILABLE;
  try {
    return taskSupervisor(task, latestAttempt, session, facts);
  } catch {
    return UNAVAILABLE;
  }
}

function isLeaseOver(facts: WorkOnTask['facts']): boolean {
  const endsAtMs = facts?.leaseExpiresAtMs ?? null;
  return facts && endsAtMs !== null ? endsAtMs < facts.nowMs : false;
}

async function readSessions(
  { board }: Pick<OperationContext, 'board'>,
  tasks: readonly TaskRecord[],
  readerId: string,
): Promise<ReadonlyMap<string, SessionRecord>> {
  const ids = [...new Set(tasks.flatMap(({ latestAttempt }) => latestAttempt?.sessionId ?? []))];
  const sessions = ids.length === 0 ? [] : await board.sessions(ids, readerId);
  return new Map(sessions.map((session) => [session.sessionId, session]));
}

/** A session of another tenant is none of the task's, whatever its id. */
function sessionOf(
  { latestAttempt, tenantId }: TaskRecord,
  sessions: ReadonlyMap<string, SessionRecord>,
): SessionRecord | null {
  const session = sessions.get(latestAttempt?.sessionId ?? '');
  return session?.tenantId === tenantId ? session : null;
}
