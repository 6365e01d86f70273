import { Type, type TSchema } from 'typebox';
import { invalid } from '../domain/errors.js';
import { patternWords } from './validation/pattern-words.js';
import { conforms } from './validation/validate.js';

/** How one query parameter is read and described. */
export interface QueryField<T> {
  readonly schema: TSchema;
  readonly description: string;
  read(raw: string | string[] | undefined, name: string): T;
}

export type QueryShape = Readonly<Record<string, QueryField<unknown>>>;
export type QueryValues<Q extends QueryShape> = { [K in keyof Q]: Q[K] extends QueryField<infer T> ? T : never };

/** Larger numbers than any `seq` are as good as this one, which every column can be compared with. */
const LARGEST_SEQ = 2_147_483_647;

/** A non-negative integer; absent or anything else, it takes its default. What is over the maximum is the maximum. */
export function integerField(
  options: { default: number; minimum?: number; maximum?: number },
  description: string,
): QueryField<number> {
  const { minimum = 0, maximum = LARGEST_SEQ } = options;
  return {
    schema: Type.Integer({ minimum, default: options.default }),
    description: `${description} Anything but an integer from ${minimum} takes the default; at most ${maximum}.`,
    read: (raw) => {
      if (typeof raw !== 'string' || !/^\d+$/.test(raw)) return options.default;
      const value = Number(raw);
      return value < minimum ? options.default : Math.min(value, maximum);
    },
  };
}

/** An integer from `minimum`, or absent; anything else is refused, for a default would do what was not asked for. */
export function strictIntegerField(
  { minimum }: { minimum: number },
  description: string,
): QueryField<number | undefined> {
  return {
    schema: Type.Integer({ minimum, maximum: LARGEST_SEQ }),
    description,
    read: (raw, name) => {
      const text = single(raw, name);
      if (text === undefined) return undefined;
      const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
      if (value >= minimum && value <= LARGEST_SEQ) return value;
      throw invalid(name, `${name} must be an integer from ${minimum} to ${LARGEST_SEQ}`);
    },
  };
}

/** `true`, or `false` as when absent. */
export function flagField(description: string): QueryField<boolean> {
  return {
    schema: Type.Boolean({ default: false }),
    description,
    read: (raw, name) => wordField(['true', 'false'], description).read(raw, name) === 'true',
  };
}

export const afterSeq = integerField({ default: 0 }, 'Only what comes after this `seq`.');

export const limit = (byDefault: number) =>
  integerField({ default: byDefault, minimum: 1, maximum: 500 }, 'How many at most.');

/** One of the given words, or absent. */
export function wordField<T extends string>(words: readonly T[], description: string): QueryField<T | undefined> {
  return {
    schema: Type.Enum([...words]),
    description,
    read: (raw, name) => {
      const value = single(raw, name);
      if (value === undefined) return undefined;
      if ((words as readonly string[]).includes(value)) return value as T;
      throw invalid(name, `${name} must be one of ${words.join(', ')}`);
    },
  };
}

/** A text that the schema allows, or absent. */
export function textField(schema: TSchema, description: string): QueryField<string | undefined> {
  return {
    schema,
    description,
    read: (raw, name) => {
      const value = single(raw, name);
      if (value === undefined || conforms(schema, value)) return value;
      const pattern = (schema as { pattern?: string }).pattern;
      throw invalid(name, `${name} ${pattern === undefined ? 'is not valid' : patternWords(pattern)}`);
    },
  };
}

/** Empty counts as absent: `?status=` asks for nothing. */
function single(raw: string | string[] | undefined, name: string): string | undefined {
  if (Array.isArray(raw)) throw invalid(name, `${name} must be given once`);
  return raw === '' ? undefined : raw;
}

/** As `textField`, where empty is a value of its own. */
export function rawTextField(schema: TSchema, description: string): QueryField<string | undefined> {
  const field = textField(schema, description);
  return { ...field, read: (raw, name) => (raw === '' ? '' : field.read(raw, name)) };
}

export const cursor = textField(
  Type.String({ minLength: 1, maxLength: 1_000 }),
  'The `nextCursor` of the page before; absent for the first page.',
);
