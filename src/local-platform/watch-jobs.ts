import { setTimeout as delay } from 'node:timers/promises';
import { isJobOver } from '../domain/runner-job-status.js';
import type { RunnerJobView } from '../ports/runner-platform.js';
import type { JobFolder } from './job-folder.js';

export interface WatchJobs {
  readonly intervalMs: number;
  readonly jobNames: () => Promise<string[]>;
  readonly folderOf: (jobName: string) => JobFolder;
  /** A rejection means "not taken": told again after a pause. */
  readonly onExit: (view: RunnerJobView) => Promise<void>;
  readonly onRefused: (jobName: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

const RETRY_MS = 1_000;

/** Looks at Jobs whose end was not told yet, again and again; a mark in the folder says that it was, over restarts. */
export async function watchJobs(options: WatchJobs): Promise<void> {
  const { intervalMs, jobNames, folderOf, onRefused, signal } = options;
  let told = new Set<string>();
  const notBefore = new Map<string, number>();
  const look = async (name: string): Promise<void> => {
    if (told.has(name) || (notBefore.get(name) ?? 0) > performance.now()) return;
    try {
      if (!(await tellEnd(folderOf(name), options.onExit))) return;
      told.add(name);
      notBefore.delete(name);
    } catch (error) {
      notBefore.set(name, performance.now() + RETRY_MS);
      onRefused(name, error);
    }
  };
  while (!signal.aborted) {
    const names = await jobNames();
    told = new Set(names.filter((name) => told.has(name)));
    await Promise.all(names.map(look));
    await delay(intervalMs, undefined, { signal }).catch(() => {});
  }
}

/** True when the Job's end is told, now or before; false while it has not ended. */
async function tellEnd(folder: JobFolder, onExit: WatchJobs['onExit']): Promise<boolean> {
  if (await folder.isReported()) return true;
  const view = await folder.view();
  if (!view || !isJobOver(view)) return false;
  await onExit(view);
  await folder.markReported();
  return true;
}
