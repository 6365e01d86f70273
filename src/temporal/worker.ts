import { NativeConnection, Worker, type ActivityInterceptors, type WorkerOptions } from '@temporalio/worker';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Activities } from '../../activities/index.js';
import { TASK_QUEUE } from '../domain/ids.js';
import { WORKER_PLACES } from '../domain/worker-places.js';
import { packageRoot } from '../processes/package-root.js';
import type { TemporalSettings } from './connection.js';

/** What stands before an activity of that name, to tell of it. */
export type InterceptActivity = (activity: string) => ActivityInterceptors;

export interface RunningWorker {
  /** Rejects when the worker fails; resolves after `stop`. */
  readonly stopped: Promise<void>;
  /** Whether it takes new work. */
  isPolling(): boolean;
  /** Stops polling, lets what runs come to an end, and resolves when it has. */
  stop(): Promise<void>;
}

const PLACES = WORKER_PLACES.platform + WORKER_PLACES.platformWaiting + WORKER_PLACES.others;

export type WorkerSettings = Pick<TemporalSettings, 'address' | 'namespace' | 'access' | 'dataConverter'> & {
  readonly cachedWorkflows?: number;
};

/** Starts a worker for all workflows and activities. The prebuilt bundle starts in a fraction of the time; without it the sources are bundled now. */
export async function startWorker(
  settings: WorkerSettings,
  activities: Activities,
  intercept: InterceptActivity,
): Promise<RunningWorker> {
  const connection = await NativeConnection.connect({ address: settings.address, ...settings.access });
  const worker = await Worker.create({
    connection,
    namespace: settings.namespace,
    dataConverter: settings.dataConverter,
    taskQueue: TASK_QUEUE,
    activities,
    ...workflowSource(),
    interceptors: {
      // Where the prebuilt bundle is used it has them already.
      workflowModules: existsSync(BUNDLE) ? [] : INTERCEPTORS,
      activity: [(context) => intercept(context.info.activityType)],
    },
    // A killed worker's workflows move to another after this long instead of ten seconds.
    stickyQueueScheduleToStartTimeout: '2s',
    maxCachedWorkflows: settings.cachedWorkflows,
    maxConcurrentActivityTaskExecutions: PLACES,
    shutdownGraceTime: '5s',
    shutdownForceTime: '20s',
  });
  const stopped = worker.run().finally(async () => connection.close());
  // Whoever holds the worker looks at `stopped`; until then a failure must not end the process by itself.
  stopped.catch(() => undefined);
  return {
    stopped,
    isPolling: () => worker.getState() === 'RUNNING',
    stop: async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await stopped;
    },
  };
}

const BUNDLE = join(packageRoot, 'dist/workflow-bundle.js');
const INTERCEPTORS = ['trace-headers', 'activity-summaries'].map((name) =>
  join(packageRoot, `dist/workflows/${name}.js`),
);

function workflowSource(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  if (existsSync(BUNDLE)) return { workflowBundle: { codePath: BUNDLE } };
  return { workflowsPath: join(packageRoot, 'dist/workflows/index.js') };
}
