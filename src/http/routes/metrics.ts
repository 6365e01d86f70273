import { Type } from 'typebox';
import type { HttpDependencies } from '../dependencies.js';
import { route, type Route } from '../route.js';

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Without auth, as health is: what it tells names no tenant, and whoever scrapes needs no secret. */
export function metricsRoutes({ telling }: HttpDependencies): Route[] {
  return [
    route({
      method: 'GET',
      path: '/metrics',
      operationId: 'getMetrics',
      tag: 'health',
      summary: 'Figures of the installation, in the text format of Prometheus',
      description: 'Sums over all tenants; no label holds a name that somebody chose.',
      auth: 'none',
      quiet: true,
      raw: { contentType: 'text/plain', schema: Type.String() },
      respond: async (ctx) => {
        const text = await telling.scrape();
        ctx.set('content-type', CONTENT_TYPE);
        ctx.body = `${text}\n`;
      },
    }),
  ];
}
