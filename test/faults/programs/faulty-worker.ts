// A worker whose platform is out of order now and then, as a cluster's API server is. Told by its first argument, as JSON; says `worker
// ready` on its standard error.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { folders, readSettings } from '../../../src/config.js';
import { AgentRunError, unavailable } from '../../../src/domain/errors.js';
import { readOrMakeKeys } from '../../../src/main/keys.js';
import { createLocalPlatform } from '../../../src/main/local-runners.js';
import { startManager } from '../../../src/main/manager.js';
import type { RunnerLaunch, RunnerPlatform } from '../../../src/ports/runner-platform.js';
import { quietRuntime } from '../../support/quiet-runtime.js';
import { Dice } from '../harness/dice.js';
import { OPERATION_VARIABLE, REFUSED_IMAGE } from '../harness/faulty-platform.js';

interface FaultyWorkerOptions {
  readonly settings: Record<string, string>;
  readonly seed: number;
  /** Where each mishap is told, a line each. */
  readonly mishapsFile: string;
}

const { settings: given, seed, mishapsFile } = JSON.parse(process.argv[2] ?? '{}') as FaultyWorkerOptions;
const settings = readSettings(given);
quietRuntime();
const { dataDir, cacheDir } = folders(settings);
const keys = await readOrMakeKeys(settings, join(dataDir, 'keys'));
const worker = await startManager({
  settings,
  databaseUrl: given['AGENTRUN_DATABASE_URL'] ?? '',
  temporalAddress: given['AGENTRUN_TEMPORAL_ADDRESS'] ?? '',
  keys,
  platform: faulty(createLocalPlatform(settings, dataDir, keys.secretsKey, process.env, () => undefined)),
  searchPath: process.env['PATH'] ?? '',
  cacheDir,
  logger: pino({ level: 'silent' }),
  roles: { api: false, worker: true },
});
process.once('SIGTERM', () => void worker.stop());
console.error('worker ready');

/**
 * Each call fares by the dice of the seed for what it is about, by a name that is the same in each game of the seed, and for how often that
 * was tried. A platform that never answers is another fault: the fourth try goes through.
 */
function faulty(platform: RunnerPlatform): RunnerPlatform {
  const tries = new Map<string, number>();
  const names = new Map<string, string>();
  const diceOf = (call: string, jobName: string): Dice | undefined => {
    const number = (tries.get(`${call} ${jobName}`) ?? 0) + 1;
    tries.set(`${call} ${jobName}`, number);
    return number > 3 ? undefined : Dice.about(seed, `${call} ${names.get(jobName) ?? jobName} ${number}`);
  };
  return Object.assign(Object.create(platform) as RunnerPlatform, {
    launch: async (launch: RunnerLaunch) => {
      const { jobName, sessionId, env, attempt } = launch;
      names.set(jobName, `${sessionId ?? env[OPERATION_VARIABLE] ?? jobName} ${attempt}`);
      return launchBadly(platform, launch, diceOf('launch', jobName));
    },
    stop: async (jobName: string, options: { graceMs: number }) => {
      const dice = diceOf('stop', jobName);
      if (dice?.chance(0.4)) throw mishap('stop busy', '429 Too Many Requests');
      const view = await platform.stop(jobName, options);
      if (dice?.chance(0.4)) throw mishap('stop answer lost', 'timed out after it was done');
      return view;
    },
    describe: async (jobName: string) => {
      if (diceOf('describe', jobName)?.chance(0.2)) throw mishap('describe broken', '500');
      return platform.describe(jobName);
    },
  });
}

async function launchBadly(platform: RunnerPlatform, launch: RunnerLaunch, dice: Dice | undefined) {
  if (launch.image === REFUSED_IMAGE)
    throw new AgentRunError('runner-start-failed', 'invalid', `the platform does not take the image ${launch.image}`);
  switch (dice?.pick(['busy', 'broken', 'answer lost', 'twice', 'slow', 'well'] as const)) {
    case 'busy':
      throw mishap('launch busy', '429 Too Many Requests');
    case 'broken':
      throw mishap('launch broken', '500 Internal Server Error');
    case 'answer lost':
      await platform.launch(launch);
      throw mishap('launch answer lost', 'timed out after creating');
    case 'twice':
      tell('launch twice');
      // As a client repeats a request whose answer did not come: the second finds that the name is taken (409).
      return (await Promise.all([platform.launch(launch), platform.launch(launch)]))[0];
    case 'slow':
      tell('launch slow');
      await delay(dice.between(200, 1_500));
      return platform.launch(launch);
    case 'well':
    case undefined:
      return platform.launch(launch);
  }
}

function mishap(what: string, message: string): AgentRunError {
  tell(what);
  return unavailable('platform', new Error(message));
}

function tell(what: string): void {
  appendFileSync(mishapsFile, `${what}\n`);
}
