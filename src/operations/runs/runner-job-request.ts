import type { RunnerJobCreate } from '../../contract/runner.js';
import { attemptLabel, runnerIdOfJob, runnerJobId, runnerJobName } from '../../domain/ids.js';
import type { RunnerJobRequest } from '../../ports/runner-job-store.js';
import type { RunnerPlatform } from '../../ports/runner-platform.js';

/** The Job of an attempt as it is asked for; its id and names follow from the run and the attempt. */
export function runnerJobRequest(
  platform: Pick<RunnerPlatform, 'jobNamePrefix' | 'namespace'>,
  { runId, attempt }: { readonly runId: string; readonly attempt: number },
  body: RunnerJobCreate,
): RunnerJobRequest {
  const id = runnerJobId(runId, attempt);
  return {
    id,
    runId,
    attempt,
    attemptId: body.attemptId ?? attemptLabel(attempt),
    runnerId: runnerIdOfJob(id),
    commandId: body.commandId ?? null,
    jobName: runnerJobName(platform.jobNamePrefix, id),
    namespace: platform.namespace,
    overrides: { image: body.image, resources: body.resources, env: body.env },
  };
}
