import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

type Fields = Readonly<Record<string, unknown>>;

/** What each piece of work is about, as the Temporal UI shows it beside the activity's name. Ids and words of ours only. */
const SUMMARIES: Readonly<Record<string, (argument: Fields) => string>> = {
  projectRun: (snapshot) => stateOf(snapshot),
  readWrittenVersion: () => 'Have those who asked written what they were answered?',
  expireLease: ({ attempt }) => `Is the lease of attempt ${String(attempt)} over?`,
  revokeLease: ({ attempt }) => `Takes attempt ${String(attempt)} from its runner`,
  lastEventAge: () => 'When was the turn last heard of?',
  apiUptime: () => 'For how long could runners reach the API?',
  findCommandDrafts: () => 'Which of the sends are not taken yet?',
  launchRunnerJob: ({ attempt, snapshot }) =>
    `Makes the runner Job of attempt ${String(attempt)}${afterWriting(snapshot)}`,
  stopRunnerJob: (job) => `Stops the runner Job${attemptOfJob(job)}${afterWriting(job['snapshot'])}`,
  projectTask: (snapshot) => `${of(snapshot, 'state')} (${of(snapshot, 'phase')}), attempt ${of(snapshot, 'attempt')}`,
  startTaskAttempt: ({ attempt }) => `Starts attempt ${String(attempt)}: a run, or a turn on its session's`,
  stopTaskAttempt: () => 'Cancels what the attempt works on',
  readTaskAttempt: ({ commandId }) => `How does ${String(commandId)} stand?`,
  wantSlot: ({ queue }) => `Asks queue ${String(queue)} for a slot`,
  readSlots: ({ queue }) => `Who has, and who waits for, slots of ${String(queue)}?`,
  closeGoneTasks: ({ queue }) => `Closes tasks of ${String(queue)} that lost their workflow`,
  beginEviction: ({ sessionId }) => `May the storage of ${String(sessionId)} go?`,
  deleteSessionVolume: ({ sessionId }) => `Deletes the volume of ${String(sessionId)}`,
  endEviction: ({ sessionId }) => `The volume of ${String(sessionId)} is gone`,
  listExpiredSessions: () => 'Whose time is over?',
  monitorLeases: () => 'Looks twice a second for leases that ran out',
  monitorBudgets: () => 'Compares tokens with caps each second',
  watchRunners: () => 'Hears from the platform which Jobs ended',
  keepRunnersWarm: () => 'Keeps runners ready, as many as each pool is to have',
  mendStranded: () => 'Finds what waits for a workflow that is gone',
  maintainRecords: () => 'Drops what is older than it is kept',
  retainRunners: () => 'Deletes runners over the cap',
  createScheduledTask: ({ scheduleId }) => `Makes the task of ${String(scheduleId)}`,
  cancelScheduledTask: ({ taskId }) => `Cancels ${String(taskId)}, which the next time replaces`,
  readTaskState: ({ taskId }) => `How does ${String(taskId)} stand?`,
  tryDelivery: ({ deliveryId }) => `Sends ${String(deliveryId)}`,
  recordDelivery: ({ deliveryId }) => `Writes down what became of ${String(deliveryId)}`,
  announceTaskEnd: ({ taskId }) => `Who wants to hear of the end of ${String(taskId)}?`,
};

const LONGEST = 120;

/** Pure. Undefined for work that nobody gave words. */
export function activitySummary(activity: string, args: readonly unknown[]): string | undefined {
  const words = Object.hasOwn(SUMMARIES, activity) ? SUMMARIES[activity] : undefined;
  const [argument] = args;
  return words?.(typeof argument === 'object' && argument !== null ? { ...argument } : {}).slice(0, LONGEST);
}

/** A summary changes no command, so that histories replay as they were recorded. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity: (input, next) => {
        const summary = input.options.summary ?? activitySummary(input.activityType, input.args);
        return next(summary === undefined ? input : { ...input, options: { ...input.options, summary } });
      },
    },
  ],
});

function of(argument: Fields, field: string): string {
  const value = argument[field];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function stateOf(snapshot: Fields): string {
  return `${of(snapshot, 'status')}, attempt ${of(snapshot, 'attempt')}${happened(snapshot)}`;
}

/** What goes along with it. */
function afterWriting(snapshot: unknown): string {
  return typeof snapshot === 'object' && snapshot !== null ? `, after writing: ${stateOf({ ...snapshot })}` : '';
}

/** What the manager tells in the run's events with this snapshot. */
function happened({ events }: Fields): string {
  const told = Array.isArray(events) ? (events as { payload?: Fields }[]) : [];
  const phases = told.flatMap(({ payload }) => (typeof payload?.['phase'] === 'string' ? [payload['phase']] : []));
  return phases.length === 0 ? '' : `: ${[...new Set(phases)].join(', ')}`;
}

function attemptOfJob({ jobId }: Fields): string {
  const attempt = typeof jobId === 'string' ? /a(\d+)$/.exec(jobId)?.[1] : undefined;
  return attempt === undefined ? '' : ` of attempt ${attempt}`;
}
