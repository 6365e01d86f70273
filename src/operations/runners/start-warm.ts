import { AgentRunError } from '../../domain/errors.js';
import { runnerJobName } from '../../domain/ids.js';
import { WARM_TIMES, type WarmPolicy } from '../../domain/warm-pools.js';
import type { RunnerJobView, RunnerLaunch, RunnerPlatform } from '../../ports/runner-platform.js';
import type { SecretStore } from '../../ports/secret-store.js';
import type { TakenWarmRunner, WarmRunnerStore } from '../../ports/warm-runner-store.js';
import { warmSpec } from './warm-spec.js';

export interface StartWarmParts {
  readonly platform: Pick<RunnerPlatform, 'warm' | 'jobNamePrefix' | 'describe'> & { readonly secrets: SecretStore };
  readonly warmRunners: WarmRunnerStore;
  readonly warm: WarmPolicy;
  readonly log: (message: string, facts: Record<string, unknown>) => void;
}

/** A launch before it is known which Job and which volume it has, and the profile by which a pool knows it. */
export type WantedRunner = Omit<RunnerLaunch, 'jobName' | 'volumeName'> & { readonly backendProfile: string };

/**
 * Gives the attempt a runner that waits, where one fits; undefined where it is to start cold, which is then decided for good. May be
 * repeated: the first decision stays.
 */
export async function startWarm(parts: StartWarmParts, wanted: WantedRunner): Promise<RunnerJobView | undefined> {
  const { warmRunners } = parts;
  const taken = await warmRunners.take(wanted.jobId, await whatFits(parts, wanted));
  if (taken === undefined) return undefined;
  return (await assign(parts, wanted, taken)) ?? giveBack(parts, wanted, taken);
}

/** Of a first attempt outside any session that asks for nothing of its own: another has a volume, or wants what no waiting Pod has. */
async function whatFits(parts: StartWarmParts, wanted: WantedRunner) {
  const { platform, warm, log } = parts;
  const { backendProfile, attempt, sessionId, image, resources, secrets } = wanted;
  const isKept = warm.pools.some((pool) => pool.backendProfile === backendProfile && pool.size > 0);
  const isPlain = attempt === 1 && sessionId === null && image === null && resources === null;
  const ofProfile = secrets.every(({ kind }) => kind === 'provider-profile');
  if (platform.warm === undefined || !isKept || !isPlain || !ofProfile) return null;
  try {
    const spec = await warmSpec(platform.secrets, platform.warm, wanted);
    return { backendProfile, spec, freshMs: WARM_TIMES.fresh };
  } catch (error) {
    log('no warm runner was looked for', { runId: wanted.runId, error: String(error) });
    return null;
  }
}

async function assign(
  { platform, warmRunners }: StartWarmParts,
  { backendProfile: _, ...launch }: WantedRunner,
  { id, jobName, volumeName }: TakenWarmRunner,
): Promise<RunnerJobView | undefined> {
  const told = await platform.warm?.assign({ ...launch, jobName, volumeName }).catch(unlessRefused);
  if (told === undefined) return undefined;
  // Only now is its process told: from here on the cluster says whose it is.
  await warmRunners.assign(id, told.traceparent ?? null);
  return (await platform.describe(jobName)) ?? { ...STARTING, jobName, runId: launch.runId, attempt: launch.attempt };
}

const STARTING = { status: 'starting', reason: null, exitCode: null, message: null } as const;

/** What the platform will never do is no reason to try again; a platform that is away is. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof AgentRunError) || error.refusal === 'unavailable') throw error;
  return undefined;
}

/** Unless its process knows its run already: then that is what the attempt has, and its end is told as any runner's is. */
async function giveBack(
  { warmRunners, platform }: StartWarmParts,
  { jobId, runId, attempt }: WantedRunner,
  { jobName }: TakenWarmRunner,
): Promise<RunnerJobView | undefined> {
  const coldName = runnerJobName(platform.jobNamePrefix, jobId);
  if (await warmRunners.giveBack(jobId, coldName)) return undefined;
  return { ...STARTING, jobName, runId, attempt };
}
