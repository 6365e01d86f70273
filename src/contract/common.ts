import { Type, type TSchema } from 'typebox';
import { idPattern, SESSION_ID_PATTERN } from '../domain/ids.js';

/** Building blocks that the schemas of several resources share. */

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const RunId = Type.String({ pattern: idPattern('run') });
export const CommandId = Type.String({ pattern: idPattern('cmd') });
export const RunnerJobId = Type.String({ pattern: idPattern('rjob') });
export const SessionId = Type.String({ pattern: SESSION_ID_PATTERN });

/** ISO 8601 in UTC with milliseconds. */
export const Timestamp = Type.String({ format: 'date-time' });

/** A name that people choose: tenant, project, profile, runner. No control characters, nothing that could pass for a path. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,127}$';
export const Name = Type.String({ pattern: NAME_PATTERN });
export const IdempotencyKey = Type.String({ minLength: 1, maxLength: 200 });
export const Metadata = Type.Record(Type.String(), Type.Unknown());

/** Promise that no secret value is in the object. */
export const ValuesPrinted = Type.Literal(false);

/** `{items, nextCursor?}`: a page of a list; `nextCursor` is absent on the last one. */
export const Page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), nextCursor: Type.Optional(Type.String()) });

/** From 1; no run has more attempts than this type holds. */
export const AttemptNumber = Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 });

/** Who writes, when an operator's token writes in a runner's name; enforced where given. */
export const RunnerFence = {
  runnerId: Type.Optional(Name),
  attempt: Type.Optional(AttemptNumber),
};

/** The schema without defaults: an absent field stays absent, so that another document may say it. */
export function withoutDefaults<T extends TSchema>(schema: T): T {
  const copy = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(copy);
    if (typeof node !== 'object' || node === null) return node;
    const entries = Object.entries(node).filter(([key]) => key !== 'default');
    return Object.fromEntries(entries.map(([key, value]) => [key, copy(value)]));
  };
  return copy(schema) as T;
}
