import { warmRunnerJobName } from '../../domain/ids.js';
import { newId } from '../../domain/new-id.js';
import { isJobOver } from '../../domain/runner-job-status.js';
import { roomFor, type RetentionPolicy } from '../../domain/runner-retention.js';
import { warmVolumeName } from '../../domain/volume-names.js';
import {
  isWell,
  planWarmPools,
  type Retirement,
  type WaitingRunner,
  type WantedPool,
  type WarmPolicy,
} from '../../domain/warm-pools.js';
import type { BackendCatalog } from '../../ports/backend-catalog.js';
import type { RunnerJobView, RunnerPlatform, WarmLaunch, WarmRunners } from '../../ports/runner-platform.js';
import type { ClaimTokens } from '../../ports/runner-tokens.js';
import type { PoolFailures, WarmRunner, WarmRunnerStore } from '../../ports/warm-runner-store.js';
import { secretsOfBackend } from '../runs/run-secrets.js';
import { warmSpec } from './warm-spec.js';

export interface KeepWarmParts {
  readonly platform: RunnerPlatform;
  readonly warmRunners: WarmRunnerStore;
  readonly backends: BackendCatalog;
  readonly claimTokens: ClaimTokens;
  readonly warm: WarmPolicy;
  /** The pools never fill up what runs may need. */
  readonly runnerRetention: RetentionPolicy | undefined;
  readonly managerUrl: string;
  readonly log: (message: string, facts: Record<string, unknown>) => void;
  /** Ids of those whose removal is under way; of all passes. */
  readonly leaving: Set<string>;
}

/** What every runner of a pool is made from. */
type Recipe = Pick<WarmLaunch, 'managerUrl' | 'backendKind' | 'secrets'> & { readonly spec: string };

const GRACE_MS = 2_000;
/** A row comes before its Job: for so long one without the other is no wonder. */
const LAUNCH_MS = 60_000;

/**
 * One pass: takes away the warm runners that are not wanted (any more), and makes those that are missing. True where nothing is kept warm
 * and nothing is left of what was. May be repeated at any time; who dies in between leaves rows that the next pass goes on with.
 */
export async function keepWarm(parts: KeepWarmParts): Promise<boolean> {
  const { platform, warmRunners, warm } = parts;
  await warmRunners.forgetUsed();
  if (platform.warm === undefined || (warm.pools.length === 0 && (await warmRunners.isEmpty()))) return true;
  const [rows, jobs, failures, recipes] = await Promise.all([
    warmRunners.list(),
    platform.list(),
    warmRunners.failures(),
    readRecipes(parts, platform.warm),
  ]);
  removeAll(
    parts,
    rows.filter(({ state }) => state === 'leaving'),
  );
  const waiting = rows.filter(({ state }) => state === 'waiting').map((row) => asWaiting(row, jobs));
  await noteWell(parts, failures, waiting);
  const plan = planWarmPools({
    pools: warm.pools.map((pool) => wanted(pool, recipes, failures)),
    runners: waiting,
    maxAgeMs: warm.maxAgeMs,
    room: roomFor(
      parts.runnerRetention,
      jobs.map(({ jobName, labels = {} }) => ({ jobName, labels })),
    ),
  });
  removeAll(parts, await retireAll(parts, plan.retire, rows));
  await Promise.all(plan.make.map(async (profile) => make(parts, profile, recipes.get(profile))));
  return false;
}

async function readRecipes(parts: KeepWarmParts, warm: WarmRunners): Promise<Map<string, Recipe>> {
  const { backends, platform, managerUrl, log } = parts;
  const recipes = new Map<string, Recipe>();
  for (const { backendProfile } of parts.warm.pools) {
    const backend = await backends.get(backendProfile);
    if (backend === undefined) log('no runner is kept warm: there is no such backend profile', { backendProfile });
    if (backend === undefined) continue;
    const made = { managerUrl, backendKind: backend.kind, secrets: secretsOfBackend(backendProfile, backend) };
    recipes.set(backendProfile, { ...made, spec: await warmSpec(platform.secrets, warm, made) });
  }
  return recipes;
}

function wanted(
  pool: WarmPolicy['pools'][number],
  recipes: ReadonlyMap<string, Recipe>,
  failures: readonly PoolFailures[],
): WantedPool {
  const failed = failures.find(({ backendProfile }) => backendProfile === pool.backendProfile);
  const spec = recipes.get(pool.backendProfile)?.spec ?? null;
  return { ...pool, spec, failures: failed?.failures ?? 0, failedAgoMs: failed?.failedAgoMs ?? 0 };
}

function asWaiting(row: WarmRunner, jobs: readonly RunnerJobView[]): WaitingRunner {
  const job = jobs.find(({ jobName }) => jobName === row.jobName);
  const { jobName, backendProfile, spec, ageMs, askedAgoMs, hasAsked } = row;
  return { jobName, backendProfile, spec, ageMs, askedAgoMs, hasAsked, ended: howEnded(job, ageMs) };
}

function howEnded(job: RunnerJobView | undefined, ageMs: number): string | null {
  if (job === undefined) return ageMs > LAUNCH_MS ? 'its Job is gone' : null;
  if (!isJobOver(job)) return null;
  return `${job.reason ?? job.status}${job.message === null ? '' : `: ${job.message}`}`;
}

async function noteWell(
  { warmRunners }: KeepWarmParts,
  failures: readonly PoolFailures[],
  waiting: readonly WaitingRunner[],
): Promise<void> {
  for (const { backendProfile } of failures) {
    if (isWell(backendProfile, waiting)) await warmRunners.succeeded(backendProfile);
  }
}

/** Answers those that leave: a run may have taken the others meanwhile. */
async function retireAll(
  { warmRunners, log }: KeepWarmParts,
  retirements: readonly Retirement[],
  rows: readonly WarmRunner[],
): Promise<WarmRunner[]> {
  const retired: WarmRunner[] = [];
  for (const { jobName, backendProfile, reason, failure } of retirements) {
    if ((await warmRunners.retire(jobName)) === undefined) continue;
    retired.push(...rows.filter((row) => row.jobName === jobName));
    log('a warm runner is not wanted any more', { jobName, backendProfile, reason, failure });
    if (failure !== null) await warmRunners.failed(backendProfile, failure);
  }
  return retired;
}

/** Beside the pass: one that takes its time, or stays, holds up neither the others nor those that are to be made. */
function removeAll(parts: KeepWarmParts, runners: readonly WarmRunner[]): void {
  const { leaving } = parts;
  for (const runner of runners.filter(({ id }) => !leaving.has(id))) {
    leaving.add(runner.id);
    void remove(parts, runner).finally(() => leaving.delete(runner.id));
  }
}

/** One that cannot be removed now is tried again with the next pass. */
async function remove({ platform, warmRunners, log }: KeepWarmParts, { id, jobName, volumeName }: WarmRunner) {
  try {
    await platform.stop(jobName, { graceMs: GRACE_MS });
    await platform.volumes.delete(volumeName);
    await warmRunners.forget(id);
  } catch (error) {
    log('a warm runner could not be removed yet', { jobName, error: String(error) });
  }
}

async function make(parts: KeepWarmParts, backendProfile: string, recipe: Recipe | undefined): Promise<void> {
  const { platform, warmRunners, claimTokens, log } = parts;
  if (recipe === undefined) return;
  const { spec, ...made } = recipe;
  const id = newId('wrm');
  const names = { jobName: warmRunnerJobName(platform.jobNamePrefix, id), volumeName: warmVolumeName(id) };
  await warmRunners.add({ id, backendProfile, spec, ...names });
  try {
    await platform.volumes.ensure(names.volumeName);
    await platform.warm?.launch({ ...made, ...names, warmRunnerId: id, claimToken: await claimTokens.issue(id) });
  } catch (error) {
    log('a warm runner could not be made', { backendProfile, error: String(error) });
    await warmRunners.retire(names.jobName);
    await warmRunners.failed(backendProfile, String(error));
  }
}
