import { compareProgress, type RunStatus } from '../../../src/domain/run-lifecycle.js';
import type { Round } from '../harness/round.js';
import type { Change } from './audit.js';
import type { Complaints } from './complaints.js';

interface State {
  readonly status?: RunStatus;
  readonly state?: string;
  readonly attempt: number;
  readonly dispatched_at?: string | null;
  readonly job_name?: string;
}

type Things = 'runs' | 'commands' | 'tasks' | 'runner_jobs' | 'run_leases';

const COMMAND_ORDER = ['pending', 'acknowledged'];
const TASK_ORDER = ['pending', 'running'];

/** No status ever moved backwards, and what had ended stayed as it was. */
export async function checkProgress(round: Round): Promise<Complaints> {
  const [runs, commands, tasks, jobs] = await Promise.all(
    (['runs', 'commands', 'tasks', 'runner_jobs'] as const).map(async (thing) => changesOf<State>(round, thing)),
  );
  return [
    ...backwards('run', runs ?? [], isRunBackwards),
    ...backwards('command', commands ?? [], (was, becomes) => isBackwards(COMMAND_ORDER, was.state, becomes.state)),
    ...backwards('task', tasks ?? [], isTaskBackwards),
    ...backwards('job', jobs ?? [], (was, becomes) => was.attempt !== becomes.attempt),
    ...jobsOfOneAttempt(jobs ?? []),
  ];
}

/** What happened to things of one kind since the round began, in order. */
export async function changesOf<S>({ system, firstChange }: Round, thing: Things): Promise<Change<S>[]> {
  return system.query<Change<S>>(
    'SELECT n::int, at, id, was, becomes FROM fault_audit WHERE thing = $1 AND n > $2 ORDER BY n',
    [thing, firstChange],
  );
}

function backwards(
  what: string,
  changes: readonly Change<State>[],
  isWrong: (was: State, becomes: State) => boolean,
): Complaints {
  const wrong = changes.filter(({ was, becomes }) => was !== null && isWrong(was, becomes));
  return wrong.map(
    ({ id, was, becomes }) => `${what} ${id} went from ${JSON.stringify(was)} to ${JSON.stringify(becomes)}`,
  );
}

function isRunBackwards(was: State, becomes: State): boolean {
  const [before, after] = [was, becomes].map(({ attempt, status = 'pending' }) => ({ attempt, status }));
  if (before === undefined || after === undefined) return false;
  return isOver(before.status) ? before.status !== after.status : compareProgress(before, after) > 0;
}

/** A task that waits for its next attempt is pending again; one that has ended begins anew only where it was dispatched again. */
function isTaskBackwards(was: State, becomes: State): boolean {
  if (was.dispatched_at !== becomes.dispatched_at || becomes.attempt > was.attempt) return false;
  const waitsForRetry = was.state === 'running' && becomes.state === 'pending';
  return !waitsForRetry && isBackwards(TASK_ORDER, was.state, becomes.state);
}

function isBackwards(order: readonly string[], was = '', becomes = ''): boolean {
  if (isOver(was)) return was !== becomes;
  return !isOver(becomes) && order.indexOf(becomes) < order.indexOf(was);
}

function isOver(word: string): boolean {
  return ['completed', 'failed', 'blocked', 'cancelled'].includes(word);
}

/** Each attempt had one Job at most: a row that was made twice would have two ids. */
function jobsOfOneAttempt(changes: readonly Change<State>[]): Complaints {
  const made = changes.filter(({ was }) => was === null).map(({ becomes }) => becomes.job_name ?? '');
  return made.filter((name, index) => made.indexOf(name) !== index).map((name) => `the Job ${name} was made twice`);
}
