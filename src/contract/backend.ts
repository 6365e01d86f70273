import { Type, type Static } from 'typebox';
import { Name, Nullable } from './common.js';

/** What a backend can do for a caller. */
const BackendCapabilities = Type.Object({
  steer: Type.Boolean(),
  interrupt: Type.Boolean(),
  resume: Type.Boolean(),
  /** Reports token usage. */
  usage: Type.Boolean(),
});

/** A backend profile: how an agent is driven, and whether a runner would find it ready. */
export const BackendProfile = Type.Object({
  name: Name,
  kind: Type.String(),
  protocol: Type.String(),
  command: Type.String(),
  ready: Type.Boolean(),
  /** Why it is not ready; null when it is. */
  reason: Nullable(Type.String()),
  capabilities: BackendCapabilities,
});
export type BackendProfile = Static<typeof BackendProfile>;

export const BackendList = Type.Object({ items: Type.Array(BackendProfile) });
