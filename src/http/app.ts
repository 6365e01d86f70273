import Koa from 'koa';
import type { App, HttpDependencies } from './dependencies.js';
import { invalid } from '../domain/errors.js';
import { errorEnvelope } from './middleware/errors.js';
import { requestLog } from './middleware/request-log.js';
import { securityHeaders } from './middleware/security-headers.js';
import { temporalUiOrigin } from './middleware/temporal-ui-origin.js';
import { traceId } from './middleware/trace-id.js';
import { consolePages } from './console/console-pages.js';
import { mountRoutes, unknownRoute } from './mount-routes.js';
import { OpenRequests } from './open-requests.js';
import type { Route } from './route.js';
import { allRoutes } from './routes/all-routes.js';
import { CODEC_PATH } from './routes/temporal-payloads.js';
import { loggable } from './log-error.js';
import { SharedReads } from './shared-reads.js';

export interface BuiltApp {
  readonly koa: Koa;
  readonly routes: readonly Route[];
  readonly openRequests: OpenRequests;
}

/** The HTTP application, or one of some routes alone. It opens nothing: `serve` listens. */
export function createApp(dependencies: HttpDependencies, routes = allRoutes(dependencies)): BuiltApp {
  const openRequests = new OpenRequests();
  const app: App = { ...dependencies, openRequests, sharedReads: new SharedReads() };
  const koa = new Koa();
  koa.silent = true;
  // What Koa meets after an answer has begun: a client that went away, a stream that broke.
  koa.on('error', (error: unknown) => dependencies.logger.debug({ error: loggable(error) }, 'connection broke'));
  koa.use(traceId());
  koa.use(requestLog(dependencies.logger));
  koa.use(errorEnvelope(dependencies.logger));
  koa.use(refuseUnreadableTarget());
  koa.use(securityHeaders());
  koa.use(closeWhenLeaving(openRequests));
  if (dependencies.consoleFiles !== undefined) koa.use(consolePages(dependencies.consoleFiles));
  koa.use(temporalUiOrigin(CODEC_PATH, dependencies.settings.temporalUiUrl ?? null));
  koa.use(mountRoutes(routes, app));
  koa.use(unknownRoute());
  return { koa, routes, openRequests };
}

/** A request target that is no URL makes Koa's own accessors throw, wherever they are read; so it goes no further than this. */
function refuseUnreadableTarget(): Koa.Middleware {
  return (ctx, next) => {
    if (!URL.canParse(ctx.req.url ?? '', 'http://localhost')) {
      ctx.req.url = '/';
      throw invalid('url', 'the request target is not a URL');
    }
    return next();
  };
}

/** A kept connection would bring the next request here, and hold the drain up. */
function closeWhenLeaving(openRequests: OpenRequests): Koa.Middleware {
  return (ctx, next) => {
    if (openRequests.leaving) ctx.set('connection', 'close');
    return next();
  };
}
