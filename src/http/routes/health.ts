import { Health, type Health as HealthReport } from '../../contract/health.js';
import { AgentRunError } from '../../domain/errors.js';
import { createHealthReport } from '../health-report.js';
import type { App, HttpDependencies } from '../dependencies.js';
import { wordField } from '../query-fields.js';
import { route, type Route } from '../route.js';

/** A part that does not answer within this time counts as down. */
const REPORT_CAP_MS = 1_000;

/** Liveness must not wait for a part that hangs. */
const GLANCE_CAP_MS = 200;

/** Whoever asks about this process must not send it work that it cannot finish. */
function here(health: HealthReport, { leaving }: App['openRequests']): HealthReport {
  return leaving ? { ...health, ready: false } : health;
}

const common = { method: 'GET', tag: 'health', auth: 'none', quiet: true } as const;

export function healthRoutes(dependencies: HttpDependencies): Route[] {
  const report = createHealthReport(dependencies, REPORT_CAP_MS);
  const glance = createHealthReport(dependencies, GLANCE_CAP_MS);
  return [
    route({
      ...common,
      path: '/health',
      operationId: 'getHealth',
      summary: 'How the manager and the parts it needs are',
      description: 'Always 200; `ready` says whether all parts are there.',
      answer: Health,
      handle: async (_, { openRequests }) => here(await report(), openRequests),
    }),
    route({
      ...common,
      path: '/health/live',
      operationId: 'getLiveness',
      summary: 'Whether the process answers; depends on nothing else',
      description: 'Always 200 and at once: a part that does not answer in an instant is told as not ready.',
      answer: Health,
      handle: async (_, { openRequests }) => here(await glance(), openRequests),
    }),
    route({
      ...common,
      path: '/health/readiness',
      operationId: 'getReadiness',
      summary: 'Whether the manager can work',
      description:
        '503 while a needed part is down or this process is about to end, with the same object in `error.details`. With ' +
        '`scope=process` parts do not count: what a part that is down leaves to do, leases above all, must go on being asked for here.',
      query: { scope: wordField(['process'], 'Only whether this process takes requests.') },
      answer: Health,
      handle: async ({ query }, { openRequests }) => {
        const health = here(await report(), openRequests);
        if (health.ready || (query.scope === 'process' && !openRequests.leaving)) return health;
        const why = openRequests.leaving ? 'this process is about to end' : 'a part that the manager needs is down';
        throw new AgentRunError('infra-failed', 'unavailable', why, health);
      },
    }),
  ];
}
