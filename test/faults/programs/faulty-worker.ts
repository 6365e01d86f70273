// A worker whose platform is out of order now and then, as a cluster's API server is. Told by its first argument, as JSON; says `worker
// ready` on its standard error.
import { Buffer } from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { folders, readSettings } from '../../../src/config.js';
import { AgentRunError, unavailable } from '../../../src/domain/errors.js';
import { createLocalPlatform } from '../../../src/main/local-runners.js';
import { startManager } from '../../../src/main/manager.js';
import type { RunnerLaunch, RunnerPlatform } from '../../../src/ports/runner-platform.js';
import { quietRuntime } from '../../support/quiet-runtime.js';
import { Dice } from '../harness/dice.js';
import { REFUSED_IMAGE } from '../harness/refused-image.js';

interface FaultyWorkerOptions {
  readonly settings: Record<string, string>;
  readonly seed: number;
}

const { settings: given, seed } = JSON.parse(process.argv[2] ?? '{}') as FaultyWorkerOptions;
const settings = readSettings(given);
const key = Buffer.from(given['AGENTRUN_TOKEN_KEY'] ?? '', 'utf8');
quietRuntime();
const { dataDir, cacheDir } = folders(settings);
const worker = await startManager({
  settings,
  databaseUrl: given['AGENTRUN_DATABASE_URL'] ?? '',
  temporalAddress: given['AGENTRUN_TEMPORAL_ADDRESS'] ?? '',
  keys: { runnerTokenKey: key, secretsKey: key.subarray(0, 32), operatorToken: given['AGENTRUN_OPERATOR_TOKEN'] ?? '' },
  platform: faulty(createLocalPlatform(settings, dataDir, key.subarray(0, 32), process.env, () => undefined)),
  searchPath: process.env['PATH'] ?? '',
  cacheDir,
  logger: pino({ level: 'silent' }),
  roles: { api: false, worker: true },
});
process.once('SIGTERM', () => void worker.stop());
console.error('worker ready');

/** Each call fares by the dice of the seed, what it is about, and how often that was tried. */
function faulty(platform: RunnerPlatform): RunnerPlatform {
  const tries = new Map<string, number>();
  const diceOf = (what: string) => {
    const number = (tries.get(what) ?? 0) + 1;
    tries.set(what, number);
    // A platform that never answers is another fault: the third try goes through.
    return number > 3 ? new Dice(0) : new Dice(seed * 31 + tries.size * 7 + number);
  };
  return Object.assign(Object.create(platform) as RunnerPlatform, {
    launch: async (launch: RunnerLaunch) => launchBadly(platform, launch, diceOf(`launch ${launch.jobName}`)),
    stop: async (jobName: string, options: { graceMs: number }) => {
      const dice = diceOf(`stop ${jobName}`);
      if (dice.seed !== 0 && dice.chance(0.4)) throw unavailable('platform', new Error('429 Too Many Requests'));
      const view = await platform.stop(jobName, options);
      if (dice.seed !== 0 && dice.chance(0.4)) throw unavailable('platform', new Error('timed out after it was done'));
      return view;
    },
    describe: async (jobName: string) => {
      if (diceOf(`describe ${jobName}`).chance(0.2)) throw unavailable('platform', new Error('500'));
      return platform.describe(jobName);
    },
  });
}

async function launchBadly(platform: RunnerPlatform, launch: RunnerLaunch, dice: Dice) {
  if (launch.image === REFUSED_IMAGE)
    throw new AgentRunError('runner-start-failed', 'invalid', `the platform does not take the image ${launch.image}`);
  if (dice.seed === 0) return platform.launch(launch);
  switch (dice.pick(['busy', 'broken', 'answer lost', 'twice', 'slow', 'well'] as const)) {
    case 'busy':
      throw unavailable('platform', new Error('429 Too Many Requests'));
    case 'broken':
      throw unavailable('platform', new Error('500 Internal Server Error'));
    case 'answer lost':
      await platform.launch(launch);
      throw unavailable('platform', new Error('timed out after creating'));
    case 'twice':
      // As a client repeats a request whose answer did not come: the second finds that the name is taken (409).
      return (await Promise.all([platform.launch(launch), platform.launch(launch)]))[0];
    case 'slow':
      await delay(dice.between(200, 1_500));
      return platform.launch(launch);
    case 'well':
      return platform.launch(launch);
  }
}
