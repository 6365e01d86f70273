import { setTimeout as delay } from 'node:timers/promises';
import type { Health } from '../contract/health.js';
import type { PartHealth } from '../ports/health-probes.js';
import type { HttpDependencies } from './dependencies.js';

/** Probes are shared by those who ask at the same time, and by those who ask this soon after. */
const FRESH_MS = 500;

/** Asks all parts at once; answers within `capMs`, whatever hangs. */
export function createHealthReport(dependencies: HttpDependencies, capMs: number): () => Promise<Health> {
  let latest: { report: Promise<Health>; freshUntil: number } | undefined;
  return () => {
    if (latest === undefined || performance.now() > latest.freshUntil) {
      latest = { report: makeReport(dependencies, capMs), freshUntil: performance.now() + FRESH_MS };
    }
    return latest.report;
  };
}

async function makeReport({ probes, operations, settings }: HttpDependencies, capMs: number): Promise<Health> {
  const [database, temporal, platform, runnerWorkReady] = await Promise.all([
    capped('database', capMs, () => probes.database()),
    capped('temporal', capMs, () => probes.temporal()),
    capped('platform', capMs, async () => withoutCause(await probes.platform())),
    runnerWork(operations.backends),
  ]);
  return {
    serviceId: 'agentrun-mgr',
    live: true,
    ready: database.ready && temporal.ready && platform.ready,
    database: { adapter: settings.databaseAdapter, ...database },
    temporal,
    platform: { kind: settings.platformKind, ...platform },
    sourceCommit: settings.sourceCommit,
    auth: { mode: 'bearer', operatorTokens: settings.operatorTokens },
    runnerWorkReady,
    secretRefs: { databaseUrl: settings.databaseUrlUsed ? 'redacted' : 'not-used', valuesPrinted: false },
  };
}

/** A probe's own error may quote an address with a password: only that it failed is told. */
async function capped(part: string, capMs: number, probe: () => Promise<PartHealth>): Promise<PartHealth> {
  const cap = new AbortController();
  const late = delay(capMs, undefined, { signal: cap.signal }).then(
    () => ({ ready: false, message: `the ${part} did not answer in time` }),
    () => ({ ready: false }),
  );
  const asked = Promise.resolve()
    .then(probe)
    .catch(() => ({ ready: false, message: `the ${part} is not reachable` }));
  const { ready, message } = (await Promise.race([asked, late])) as PartHealth;
  cap.abort();
  return message === undefined ? { ready } : { ready, message };
}

/** A platform says why in its own words, with paths and addresses in them: not for those who need no token. */
function withoutCause({ ready }: PartHealth): PartHealth {
  return ready ? { ready } : { ready, message: 'the platform cannot start runners now' };
}

async function runnerWork(backends: HttpDependencies['operations']['backends']): Promise<Health['runnerWorkReady']> {
  const [tools, profiles] = await Promise.all([backends.tools(), backends.list()]);
  // What somebody called a profile of theirs is for those with a token.
  const builtIn = profiles.filter((profile) => profile.name === profile.kind);
  const ready = builtIn.map((profile) => [profile.name, profile.ready] as const);
  return {
    ready: profiles.some((profile) => profile.ready) && Object.values(tools).every(Boolean),
    tools: { ...tools },
    backends: Object.fromEntries(ready),
  };
}
