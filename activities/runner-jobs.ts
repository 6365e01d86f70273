import { Context } from '@temporalio/activity';
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
import { writeAndTell, type Carried, type Carrying } from './carried.js';
import { asPermanent } from './permanent.js';
import { heartbeating } from './heartbeating.js';
import { PlatformPlaces } from './platform-places.js';
import type { ActivityPorts } from './ports.js';

type Ports = GoneRunPorts &
  Pick<ActivityPorts, 'queueSignals' | 'sessions' | 'backends' | 'tokens' | 'managerUrl' | 'warmRunners' | 'warm'>;

/**
 * Makes and ends runner Jobs. Both are idempotent: a worker may die between doing and saying so. What their run has decided and nobody is
 * known to have written goes with them, and is written first.
 */
export function createRunnerJobActivities(ports: Ports, places = new PlatformPlaces()) {
  return {
    /** Makes nothing for a run that is another execution's, or whose state could not be written. */
    async launchRunnerJob({ snapshot, ended, ...job }: WantedJob & Carrying): Promise<Carried> {
      try {
        return await heartbeating(async () => {
          const carried = await writeAndTell(ports, { snapshot, ended });
          if (carried.written !== 'foreign' && carried.written !== 'refused') {
            await places.hold(async () => launch(ports, job), Context.current().cancellationSignal);
          }
          return carried;
        });
      } catch (error) {
        throw asPermanent(error);
      }
    },

    /** Resolves when nothing of the Job is left, whatever became of what went with it. */
    async stopRunnerJob({ jobId, graceMs, ...along }: UnwantedJob & Carrying): Promise<Carried> {
      return heartbeating(async () => {
        const carried = await writeAndTell(ports, along);
        await places.hold(async () => stop(ports, jobId, graceMs));
        return carried;
      });
    },
  };
}

interface WantedJob {
  readonly runId: string;
  readonly attempt: number;
  readonly jobId: string;
}

interface UnwantedJob {
  readonly jobId: string;
  readonly graceMs: number;
}

async function launch(ports: Ports, job: WantedJob): Promise<void> {
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

async function describeLaunch(ports: Ports, { runId, attempt, jobId }: WantedJob): Promise<WantedRunner> {
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
