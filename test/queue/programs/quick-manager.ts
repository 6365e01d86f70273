// A manager, or a worker alone, whose runners live in its own process: killing it is losing a machine with all that ran on it.
// Told what it is by JSON in its first argument; prints its address (or `working`) when it is ready.
import { pino } from 'pino';
import { setTimeout as delay } from 'node:timers/promises';
import { folders, readSettings } from '../../../src/config.js';
import { createLocalPlatform } from '../../../src/main/local-runners.js';
import { startManager } from '../../../src/main/manager.js';
import { QuickRunners } from '../../support/quick-runners.js';
import { quietRuntime } from '../../support/quiet-runtime.js';

/** What this process is. */
export interface QuickManagerOptions {
  readonly settings: Record<string, string>;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly dataDir: string;
  readonly operatorToken: string;
  /** Hexadecimal. */
  readonly key: string;
  readonly api: boolean;
  /** Told of each turn that begins and ends. */
  readonly ledgerUrl: string;
  readonly turnMs: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as QuickManagerOptions;
quietRuntime();
const tell = async (what: 'begin' | 'end', prompt: string) =>
  fetch(`${options.ledgerUrl}/${what}`, { method: 'POST', body: JSON.stringify({ prompt, pid: process.pid }) });
const runners = new QuickRunners(async ({ prompt }, signal) => {
  await tell('begin', prompt);
  try {
    await delay(options.turnMs, undefined, { signal });
    return { terminalStatus: 'completed' };
  } finally {
    await tell('end', prompt);
  }
});
const settings = readSettings(options.settings);
const key = Buffer.from(options.key, 'hex');
const manager = await startManager({
  settings,
  databaseUrl: options.databaseUrl,
  temporalAddress: options.temporalAddress,
  keys: { runnerTokenKey: key, secretsKey: key, operatorToken: options.operatorToken },
  platform: runners.on(createLocalPlatform(settings, options.dataDir, key, {}, () => undefined)),
  searchPath: process.env['PATH'] ?? '',
  cacheDir: folders(settings).cacheDir,
  logger: pino({ level: 'silent' }),
  roles: { api: options.api, worker: true },
});
console.log(manager.url ?? 'working');
