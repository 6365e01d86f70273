import { Type, type Static } from 'typebox';
import { ValuesPrinted } from './common.js';

const Part = {
  ready: Type.Boolean(),
  /** Why it is not ready. */
  message: Type.Optional(Type.String()),
};

/** What the manager says of itself. `live` never depends on another part. */
export const Health = Type.Object({
  serviceId: Type.Literal('agentrun-mgr'),
  live: Type.Literal(true),
  ready: Type.Boolean(),
  database: Type.Object({ adapter: Type.String(), ...Part }),
  temporal: Type.Object(Part),
  platform: Type.Object({ kind: Type.String(), ...Part }),
  sourceCommit: Type.String(),
  auth: Type.Object({ mode: Type.Literal('bearer'), operatorTokens: Type.Integer({ minimum: 0 }) }),
  /** What a runner finds ready: tools of its machine and backends. */
  runnerWorkReady: Type.Object({
    ready: Type.Boolean(),
    tools: Type.Record(Type.String(), Type.Boolean()),
    backends: Type.Record(Type.String(), Type.Boolean()),
  }),
  secretRefs: Type.Object({
    databaseUrl: Type.Enum(['redacted', 'not-used'] as const),
    valuesPrinted: ValuesPrinted,
  }),
});
export type Health = Static<typeof Health>;
