import { Health } from '../../contract/health.js';
import { AgentRunError } from '../../domain/errors.js';
import { createHealthReport } from '../health-report.js';
import type { HttpDependencies } from '../dependencies.js';
import { route, type Route } from '../route.js';

/** A part that does not answer within this time counts as down. */
const REPORT_CAP_MS = 1_000;

/** Liveness must not wait for a part that hangs. */
const GLANCE_CAP_MS = 200;

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
      handle: () => report(),
    }),
    route({
      ...common,
      path: '/health/live',
      operationId: 'getLiveness',
      summary: 'Whether the process answers; depends on nothing else',
      description: 'Always 200 and at once: a part that does not answer in an instant is told as not ready.',
      answer: Health,
      handle: () => glance(),
    }),
    route({
      ...common,
      path: '/health/readiness',
      operationId: 'getReadiness',
      summary: 'Whether the manager can work',
      description: '503 while a needed part is down, with the same object in `error.details`.',
      answer: Health,
      handle: async () => {
        const health = await report();
        if (health.ready) return health;
        throw new AgentRunError('infra-failed', 'unavailable', 'a part that the manager needs is down', health);
      },
    }),
  ];
}
