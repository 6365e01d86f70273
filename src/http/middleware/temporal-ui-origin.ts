import cors from '@koa/cors';
import type { Middleware } from 'koa';

/** Lets pages of Temporal's UI ask what is under `path`, and no page of any other origin. `uiUrl`: null where none is known. */
export function temporalUiOrigin(path: string, uiUrl: string | null): Middleware {
  if (uiUrl === null) return (_, next) => next();
  const { origin } = new URL(uiUrl);
  const allowed = cors({
    origin: () => origin,
    allowMethods: 'POST',
    allowHeaders: 'authorization,content-type,x-namespace',
    maxAge: 600,
    keepHeadersOnError: true,
  });
  return async (ctx, next) => {
    const isTheirs = ctx.get('origin') === origin && ctx.path.startsWith(`${path}/`);
    await (isTheirs ? allowed(ctx, next) : next());
  };
}
