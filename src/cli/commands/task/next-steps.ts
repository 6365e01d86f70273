import type { TaskRecord } from '../../../contract/task.js';

/** What somebody may want to do with a task as it stands: commands of this program without its name, the nearest first. Pure. */
export function ownCommands({ id, queue, phase, state, latestAttempt }: TaskRecord): string[] {
  const runId = latestAttempt?.runId ?? null;
  const look = runId === null ? [] : [`run show ${runId}`];
  switch (phase) {
    case 'waiting-for-dispatch':
      return [`task dispatch ${id}`, `task cancel ${id}`];
    case 'waiting-until':
      return [`task watch ${id}`, `task cancel ${id}`];
    case 'waiting-for-slot':
      return [`queue stats ${queue}`, `task watch ${id}`, ...look, `task cancel ${id}`];
    case 'waiting-to-retry':
      return [...look, `task watch ${id}`, `task dispatch ${id}`, `task cancel ${id}`];
    case 'starting':
    case 'running':
      return [`task watch ${id}`, ...look, `task cancel ${id}`];
    case 'cancelling':
      return [`task watch ${id}`, ...look];
    case 'ended':
      return [...look, ...(state === 'failed' || state === 'blocked' ? [`task dispatch ${id}`] : [])];
  }
}

/** The command that says more of what became of it. */
export function lookDeeper({ id, latestAttempt }: TaskRecord): string {
  const runId = latestAttempt?.runId ?? null;
  return runId === null ? `task show ${id}` : `run show ${runId}`;
}
