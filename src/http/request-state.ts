import type { Context } from 'koa';
import type { Principal } from '../domain/principal.js';

/** What the middleware of one request tells each other. */
export interface RequestState {
  traceId: string;
  /** Once it is known who speaks. */
  principal?: Principal;
  /** Its log line is for debugging only. */
  quiet?: boolean;
}

export function stateOf(ctx: Context): RequestState {
  return ctx.state;
}
