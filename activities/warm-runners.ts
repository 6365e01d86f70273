import { keepWarm, type KeepWarmParts } from '../src/operations/runners/keep-warm.js';
import { whileOnShift } from './on-shift.js';
import type { ActivityPorts } from './ports.js';

type Ports = Pick<
  ActivityPorts,
  | 'platform'
  | 'warmRunners'
  | 'backends'
  | 'claimTokens'
  | 'warm'
  | 'runnerRetention'
  | 'managerUrl'
  | 'wakeups'
  | 'stopping'
  | 'log'
>;

/** Beside being told of each that is taken or ends: credentials and ages change without a word. */
const LOOK_MS = 5_000;
/**
 * For so long a worker that keeps none goes on: it may be about to be replaced by one that does, and those that keep some have started
 * the watcher before they knew who would be it.
 */
const LINGER_MS = 600_000;

/** Keeps the pools of warm runners as they should be. */
export function createWarmRunnerActivities(ports: Ports, lingerMs = LINGER_MS) {
  const leaving = new Set<string>();
  return {
    /** Runs until its shift ends or its worker stops; answers true where nothing was to be kept warm, nor left, for a while. */
    async keepRunnersWarm(): Promise<boolean> {
      return whileOnShift(ports, async (signal) => watchPools({ ...ports, leaving }, signal, lingerMs));
    },
  };
}

async function watchPools(
  ports: Ports & Pick<KeepWarmParts, 'leaving'>,
  shift: AbortSignal,
  lingerMs: number,
): Promise<boolean> {
  const { wakeups, log } = ports;
  const subscription = wakeups.subscribe('warm:pools');
  let workedAt = performance.now();
  try {
    while (!shift.aborted) {
      const isDone = await keepWarm(ports).catch((error: unknown) => {
        log('the warm runners could not be looked after', { error: String(error) });
        return false;
      });
      if (!isDone) workedAt = performance.now();
      if (performance.now() - workedAt >= lingerMs) return true;
      await subscription.next(LOOK_MS, shift);
    }
    return false;
  } finally {
    subscription.close();
  }
}
