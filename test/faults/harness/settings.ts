/** How often each fault is injected: 2 in CI, 20 and more by hand. */
export const ROUNDS = whole('AGENTRUN_FAULT_ROUNDS', 2);

/** The first round's seed; each further round has the next number, so that any of them can be the first. The same in each short run: a change is to blame for what fails. */
export const SEED = whole('AGENTRUN_FAULT_SEED', ROUNDS > 2 ? Date.now() % 1_000_000_000 : 1);

/** The long form takes true times where the short one scales them. */
const IS_LONG = ROUNDS >= 20;

/** `promisedMs` in the long form. The short one is played beside all other tests, on machines that are slow: it looks for what hangs, and has more. */
export function within(promisedMs: number, inShortFormMs: number): number {
  return IS_LONG ? promisedMs : inShortFormMs;
}

/** PostgreSQL is away for so long. */
export const DATABASE_OUTAGE_MS = whole('AGENTRUN_FAULT_OUTAGE_MS', IS_LONG ? 60_000 : 7_000);

/** Where figures of the rounds are appended, as JSON lines; nowhere when absent. */
export const FIGURES_FILE = process.env['AGENTRUN_FAULT_FIGURES'];

/** What keeps histories of rounds that passed, too. */
export const KEEP_HISTORIES = process.env['AGENTRUN_FAULT_KEEP'] === '1';

export const LEASE_MS = 3_000;
export const BACKOFF_MS = 200;
/** For a worker whose runners' leases are not what is looked at: a machine that stands still for seconds ends none. */
export const LONG_LEASE = { AGENTRUN_RUNNER_LEASE_MS: '20000' };

function whole(name: string, otherwise: number): number {
  const given = process.env[name];
  if (given === undefined || given === '') return otherwise;
  const value = Number(given);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} must be a whole number from 1`);
  return value;
}
