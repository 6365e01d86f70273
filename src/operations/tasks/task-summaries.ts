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

/**
 * Tasks with what their sessions and newest attempts tell, in as many statements for one as for a thousand. Should those fail, the
 * records still answer. What supervisors leave out here, `readManyRunFacts` says.
 */
export async function taskSummaries(
  context: Pick<OperationContext, 'board'>,
  tasks: readonly TaskRecord[],
  readerId: string,
  readFacts: (targets: readonly FactsTarget[]) => Promise<ReadFacts> = (targets) => readManyRunFacts(context, targets),
): Promise<TaskSummary[]> {
  const sessions = await readSessions(context, tasks, readerId).catch(() => undefined);
  if (sessions === undefined) return tasks.map((task) => taskSummary(task, { session: null, facts: undefined }));
  const targets = tasks.flatMap((task) => targetOf(task, sessionOf(task, sessions)) ?? []);
  const read = targets.length === 0 ? () => undefined : await readFacts(targets).catch(() => null);
  return tasks.map((task) => {
    const session = sessionOf(task, sessions);
    const target = targetOf(task, session);
    const facts = read === null ? undefined : ((target && read(target)) ?? null);
    return taskSummary(task, { session, facts });
  });
}

function taskSummary(task: TaskRecord, { session, facts }: WorkOnTask): TaskSummary {
  const { state, failureKind, unread } = task;
  const activeSession = activeSessionOf(session);
  const working = activeSession !== null || state === 'running';
  const stalled = working && isLeaseOver(facts);
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

function supervisorOf({ latestAttempt }: TaskRecord, { session, facts }: WorkOnTask): TaskSummary['supervisor'] {
  if (latestAttempt === null) return null;
  if (facts === undefined) return UNAVAILABLE;
  try {
    return taskSupervisor(latestAttempt, session, facts);
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
