import { Type, type Static } from 'typebox';
import { Name, Nullable, ValuesPrinted } from './common.js';

/** What a user interface must know before it shows anything: who asks, and where the rest of the installation is. */
export const Installation = Type.Object({
  operator: Type.Object({
    name: Type.String(),
    /** Null for one that sees all tenants. */
    tenants: Nullable(Type.Array(Name)),
  }),
  temporal: Type.Object({
    /** Address of its web interface; null where none is configured. */
    uiUrl: Nullable(Type.String()),
    namespace: Type.String(),
  }),
  traces: Type.Object({
    /** Address of a trace in their web interface, where `{traceId}` stands for the 32 digits of its id; null where none is configured. */
    uiUrlTemplate: Nullable(Type.String()),
  }),
  sourceCommit: Type.String(),
  valuesPrinted: ValuesPrinted,
});
export type Installation = Static<typeof Installation>;
