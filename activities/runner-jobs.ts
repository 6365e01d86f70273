import type { BackendProfile } from '../src/contract/backend.js';
import type { RunRecord } from '../src/contract/run.js';
import { AgentRunError } from '../src/domain/errors.js';
import { unknownJob } from '../src/domain/runner-job-status.js';
import { secretsOfRun } from '../src/operations/runs/run-secrets.js';
import { ensureVolume as ensureSessionVolume } from '../src/operations/sessions/session-volume.js';
import { startWarm, type WantedRunner } from '../src/operations/runners/start-warm.js';
import { runnerJobRequest } from '../src/operations/runs/runner-job-request.js';
import type { RunnerJobView, RunnerLaunch } from '../src/ports/runner-platform.js';
import { closeEarlierRuns, type GoneRunPorts } from './gone-runs.js';
import { asPermanent } from './permanent.js';
import { heartbeating } from './heartbeating.js';
import { PlatformPlaces } from './platform-places.js';
import type { ActivityPorts } from './ports.js';

type Ports = GoneRunPorts &
  Pick<ActivityPorts, 'sessions' | 'backends' | 'tokens' | 'managerUrl' | 'warmRunners' | 'warm'>;

/** Makes and ends runner Jobs. Both are idempotent: a worker may die between doing and saying so. */
export function createRunnerJobActivities(ports: Ports, places = new PlatformPlaces()) {
  return {
    async launchRunnerJob(job: { runId: string; attempt: number; jobId: string }): Promise<void> {
      try {
        await heartbeating(async () => places.hold(async () => launch(ports, job)));
      } catch (error) {
        throw asPermanent(error);
      }
    },

    /** Resolves when nothing of the Job is left. */
    async stopRunnerJob({ jobId, graceMs }: { jobId: string; graceMs: number }): Promise<void> {
      await heartbeating(async () => places.hold(async () => stop(ports, jobId, graceMs)));
    },
  };
}

async function launch(ports: Ports, job: { runId: string; attempt: number; jobId: string }): Promise<void> {
  const wanted = await describeLaunch(ports, job);
  if (wanted.sessionId !== null) await closeEarlierRuns(ports, wanted.sessionId, wanted.runId);
  const view = (await startWarm(ports, wanted)) ?? (await startCold(ports, wanted));
  await ports.jobs.observe(view);
}

async function startCold(ports: Ports, wanted: WantedRunner): Promise<RunnerJobView> {
  const { backendProfile: _, ...facts } = wanted;
  // As they are now: a warm runner that was taken, and could not be used, may have changed both.
  const [record, volumeName] = await Promise.all([ports.jobs.get(wanted.jobId), ports.runs.volumeName(wanted.runId)]);
  if (record === undefined) throw new AgentRunError('infra-failed', 'missing', `Job ${wanted.jobId} has no record`);
  const launch = { ...facts, jobName: record.jobName, volumeName };
  await ensureVolume(ports, launch);
  return ports.platform.launch(launch);
}

/**
 * While a run of the session lives its storage is not given up. It may have been before: where the run was drafted long ago, and
 * opened by a late repeat.
 */
async function ensureVolume({ platform, sessions }: Ports, { volumeName, sessionId }: RunnerLaunch): Promise<void> {
  const { volumes } = platform;
  if (sessionId === null) await volumes.ensure(volumeName);
  else await ensureSessionVolume({ volumes, sessions, platform }, sessionId);
}

async function stop(ports: Ports, jobId: string, graceMs: number): Promise<void> {
  const job = await ports.jobs.get(jobId);
  if (job === undefined) return;
  const view = await ports.platform.stop(job.jobName, { graceMs });
  await ports.jobs.observe(view ?? unknownJob(job));
}

async function describeLaunch(
  ports: Ports,
  { runId, attempt, jobId }: { runId: string; attempt: number; jobId: string },
): Promise<WantedRunner> {
  const run = await ports.runs.getRun(runId, 'all');
  if (run === undefined) throw new AgentRunError('infra-failed', 'missing', `run ${runId} has no record`);
  const backend = await backendOf(ports, run);
  const sessionId = run.sessionRef?.sessionId ?? null;
  const asked = await latestOverrides(ports, runId);
  const record = await ports.jobs.request(runnerJobRequest(ports.platform, { runId, attempt }, asked));
  const { runnerId } = record;
  return {
    jobId,
    runId,
    attempt,
    attemptId: record.attemptId,
    runnerId,
    tenantId: run.tenantId,
    sessionId,
    traceId: run.traceId,
    managerUrl: ports.managerUrl,
    runnerToken: await ports.tokens.issue({ runId, tenantId: run.tenantId, attempt, runnerId }),
    backendProfile: run.backendProfile,
    backendKind: backend.kind,
    secrets: secretsOfRun(run, backend),
    env: asked.env ?? {},
    image: asked.image ?? null,
    resources: asked.resources ?? null,
  };
}

/** A profile may be removed while runs of it wait: those cannot be started any more. */
async function backendOf({ backends }: Ports, { backendProfile }: RunRecord): Promise<BackendProfile> {
  const backend = await backends.get(backendProfile);
  if (backend !== undefined) return backend;
  throw new AgentRunError('runner-start-failed', 'missing', `the backend profile ${backendProfile} is gone`);
}

/** A further attempt runs with what was asked for the first one. */
async function latestOverrides({ jobs }: Ports, runId: string) {
  const newest = (await jobs.list({ runId })).at(-1);
  return (newest && (await jobs.overrides(newest.id))) ?? {};
}
