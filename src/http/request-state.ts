import type { Context } from 'koa';
import type { Principal } from '../domain/principal.js';

/** What the middleware of one request tells each other. */
export interface RequestState {
  traceId: string;
  /** Once it is known who speaks. */
  principal?: Principal;
  /** The warm runner that asks for its run. */
  claimant?: string;
  /** What its path names: a run, a session, a command. */
  ids?: Readonly<Record<string, string | undefined>>;
  /** Its log line is for debugging only. */
  quiet?: boolean;
}

export function stateOf(ctx: Context): RequestState {
  return ctx.state;
}
