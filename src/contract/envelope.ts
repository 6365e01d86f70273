import { Type, type Static, type TSchema } from 'typebox';
import { FAILURE_KINDS } from '../domain/failure-kinds.js';

/** Every answer's outer shape. */
export const Success = <T extends TSchema>(data: T) =>
  Type.Object({ ok: Type.Literal(true), data, traceId: Type.String() });

export const Failure = Type.Object({
  ok: Type.Literal(false),
  failureKind: Type.Enum(FAILURE_KINDS),
  message: Type.String(),
  traceId: Type.String(),
  error: Type.Object({
    name: Type.String(),
    failureKind: Type.Enum(FAILURE_KINDS),
    message: Type.String(),
    details: Type.Record(Type.String(), Type.Unknown()),
  }),
});
export type Failure = Static<typeof Failure>;
