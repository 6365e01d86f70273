/** How many runners wait for runs of a backend profile. */
export interface WarmPool {
  readonly backendProfile: string;
  readonly size: number;
}

/** What the installation keeps warm. */
export interface WarmPolicy {
  readonly pools: readonly WarmPool[];
  /** One that waited longer is replaced. */
  readonly maxAgeMs: number;
}

/** How warm runners are judged, in milliseconds. */
export const WARM_TIMES = {
  /** A process asks again when its wait is over; one that has not for so long is not there. */
  fresh: 30_000,
  /** From its making until it asks first. */
  start: 300_000,
  /** One that asked before, and is silent for so long, is not coming back. */
  silent: 120_000,
  /** A pool whose runners lasted this long is well. */
  well: 60_000,
  firstRetry: 5_000,
  longestRetry: 600_000,
} as const;

/** A pool as it is to be now. */
export interface WantedPool extends WarmPool {
  /** Of what its runners would be made from now; null where they cannot be made. */
  readonly spec: string | null;
  readonly failures: number;
  readonly failedAgoMs: number;
}

/** One that waits, as the store and the platform know it. */
export interface WaitingRunner {
  readonly jobName: string;
  readonly backendProfile: string;
  readonly spec: string;
  readonly ageMs: number;
  readonly askedAgoMs: number | null;
  readonly hasAsked: boolean;
  /** Its Job has ended, or is not there: in words. */
  readonly ended: string | null;
}

export interface Retirement {
  readonly jobName: string;
  readonly backendProfile: string;
  readonly reason: 'no-pool' | 'stale' | 'too-old' | 'over-size' | 'ended' | 'never-asked' | 'silent';
  /** In words, where it is its own doing: the pool waits before it makes another. */
  readonly failure: string | null;
}

export interface WarmPlan {
  readonly retire: readonly Retirement[];
  /** A backend profile for each runner that is to be made. */
  readonly make: readonly string[];
}

/** What is to be done so that each pool is as it should be. `room`: how many more runners there may be. Pure. */
export function planWarmPools({
  pools,
  runners,
  maxAgeMs,
  room,
}: {
  readonly pools: readonly WantedPool[];
  readonly runners: readonly WaitingRunner[];
  readonly maxAgeMs: number;
  readonly room: number;
}): WarmPlan {
  const retire: Retirement[] = [];
  const kept: WaitingRunner[] = [];
  for (const runner of runners) {
    const pool = pools.find(({ backendProfile }) => backendProfile === runner.backendProfile);
    const retirement = judge(runner, pool, maxAgeMs);
    if (retirement === undefined) kept.push(runner);
    else retire.push(retirement);
  }
  const make: string[] = [];
  for (const pool of pools) {
    const own = kept.filter(({ backendProfile }) => backendProfile === pool.backendProfile);
    retire.push(...own.toSorted(readiestFirst).slice(pool.size).map(overSize));
    const missing = pool.spec === null ? 0 : Math.max(0, pool.size - own.length);
    const allowed = Math.min(missing, mayMake(pool, own, retire), room - make.length);
    for (let made = 0; made < allowed; made += 1) make.push(pool.backendProfile);
  }
  return { retire, make };
}

/** After a failure one at a time, and each later than the last: how the one before fared is known before another is made. */
function mayMake(pool: WantedPool, own: readonly WaitingRunner[], retire: readonly Retirement[]): number {
  const { backendProfile, failures, failedAgoMs } = pool;
  if (retire.some((one) => one.backendProfile === backendProfile && one.failure !== null)) return 0;
  if (failures === 0) return Infinity;
  if (own.some(({ hasAsked }) => !hasAsked)) return 0;
  const waitMs = Math.min(WARM_TIMES.longestRetry, WARM_TIMES.firstRetry * 2 ** (failures - 1));
  return failedAgoMs >= waitMs ? 1 : 0;
}

/** Whether the pool's runners prove to last. */
export function isWell(pool: string, runners: readonly WaitingRunner[]): boolean {
  return runners.some(
    ({ backendProfile, ageMs, hasAsked, ended }) =>
      backendProfile === pool && hasAsked && ended === null && ageMs > WARM_TIMES.well,
  );
}

function judge(runner: WaitingRunner, pool: WantedPool | undefined, maxAgeMs: number): Retirement | undefined {
  const { jobName, backendProfile, ended, hasAsked, ageMs, askedAgoMs } = runner;
  const because = (reason: Retirement['reason'], failure: string | null = null) => ({
    jobName,
    backendProfile,
    reason,
    failure,
  });
  if (pool === undefined || pool.size === 0) return because('no-pool');
  if (ended !== null) return because('ended', ended);
  if (runner.spec !== pool.spec) return because('stale');
  if (!hasAsked && ageMs > WARM_TIMES.start) return because('never-asked', 'it never asked for a run');
  if (hasAsked && (askedAgoMs ?? ageMs) > WARM_TIMES.silent) return because('silent');
  return ageMs > maxAgeMs ? because('too-old') : undefined;
}

function overSize({ jobName, backendProfile }: WaitingRunner): Retirement {
  return { jobName, backendProfile, reason: 'over-size', failure: null };
}

/** Of those that are ready the youngest stay longest. */
function readiestFirst(a: WaitingRunner, b: WaitingRunner): number {
  return Number(b.hasAsked) - Number(a.hasAsked) || a.ageMs - b.ageMs;
}
