import type { ScheduleAction, ScheduleRecord } from '../../contract/schedule.js';
import type { LiveSchedule } from '../../ports/schedule-gateway.js';
import type { KnownOutcome, ScheduleRow } from '../../ports/schedule-store.js';

const NEXT_TIMES = 5;

const MISSING =
  'Temporal does not know this schedule any more, so none of its times come. Create it again as it is, or set `paused`: then it is given to Temporal again.';

type Outcomes = readonly KnownOutcome[];

/** A schedule as its row and Temporal tell it together. */
export function scheduleRecord(
  row: ScheduleRow,
  live: LiveSchedule | undefined,
  outcomes: Outcomes = [],
): ScheduleRecord {
  const { definition, task, createdAt, updatedAt } = row;
  const paused = live?.paused ?? definition.paused;
  return {
    ...definition,
    queue: task.queue ?? null,
    title: task.title ?? null,
    state: live === undefined ? 'missing' : paused ? 'paused' : 'active',
    paused,
    problem: live === undefined ? MISSING : null,
    nextTimes: live === undefined || paused ? [] : live.nextTimes.slice(0, NEXT_TIMES),
    lastActions: live === undefined ? [] : live.actions.toReversed().map((action) => actionOf(action, outcomes)),
    activeTaskIds: outcomes.flatMap(({ taskId, isActive }) => (isActive && taskId !== null ? taskId : [])),
    counts: live?.counts ?? { taken: 0, skipped: 0, missed: 0 },
    createdAt,
    updatedAt,
    valuesPrinted: false,
  };
}

function actionOf(
  { actionId, scheduledAt, takenAt }: LiveSchedule['actions'][number],
  outcomes: Outcomes,
): ScheduleAction {
  const outcome = outcomes.find((known) => known.actionId === actionId);
  const { taskId = null, failureKind = null, failureMessage = null } = outcome ?? {};
  return { scheduledAt, takenAt, taskId, failureKind, failureMessage };
}
