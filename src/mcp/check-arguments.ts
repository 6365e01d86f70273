import addFormats from 'ajv-formats';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { TSchema } from 'typebox';

const ajv = new Ajv2020({ strict: false, useDefaults: true, allErrors: true });
addFormats.default(ajv);
const compiled = new WeakMap<TSchema, ValidateFunction>();

/** Says that a branch failed; the branch's own errors say why. */
const WRAPPERS = ['anyOf', 'oneOf', 'allOf', 'if', 'not'];
const MAX_FAULTS = 5;

/** A call that cannot be made as it was meant. */
export class WrongArguments extends Error {
  override readonly name = 'WrongArguments';
}

/**
 * The arguments with the schema's defaults filled in, in place.
 * @throws WrongArguments that names each field and says what it must be. It repeats no value.
 */
export function checkArguments(schema: TSchema, given: unknown): Record<string, unknown> {
  const args = given ?? {};
  const validate = validatorOf(schema);
  if (!validate(args)) throw new WrongArguments(faultsIn(validate.errors ?? []));
  return args as Record<string, unknown>;
}

function validatorOf(schema: TSchema): ValidateFunction {
  const known = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, known);
  return known;
}

function faultsIn(errors: readonly ErrorObject[]): string {
  const telling = errors.filter(({ keyword }) => !WRAPPERS.includes(keyword));
  return [...new Set(telling.map(faultOf))].slice(0, MAX_FAULTS).join('; ');
}

function faultOf(error: ErrorObject): string {
  const { missingProperty, additionalProperty } = error.params as Record<string, string | undefined>;
  const child = (missingProperty ?? additionalProperty)?.slice(0, 64);
  const segments = [...error.instancePath.split('/').slice(1), ...(child === undefined ? [] : [child])];
  return `${segments.join('.') || 'arguments'} ${requirement(error)}`;
}

function requirement({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case 'required':
      return 'is required';
    case 'additionalProperties':
      return 'is not a known field';
    case 'enum':
      return `must be one of ${(params['allowedValues'] as unknown[]).join(', ')}`;
    case 'type':
      return `must be ${String(params['type'])}`;
    case 'pattern':
      return `must match ${String(params['pattern'])}`;
    default:
      return (message ?? 'is not valid').replace('must NOT', 'must not');
  }
}
