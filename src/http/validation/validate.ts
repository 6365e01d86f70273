import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Static, TSchema } from 'typebox';
import { faultsAt, invalidAt, type Fault } from './message.js';

const ajv = new Ajv2020({ strict: false, useDefaults: true, allErrors: false });
addFormats.default(ajv);

const compiled = new WeakMap<TSchema, ValidateFunction>();

/** Whether the value is as the schema wants it. */
export function conforms(schema: TSchema, value: unknown): boolean {
  return validatorOf(schema)(value);
}

/** The compiled form of a schema; compiled once. */
function validatorOf(schema: TSchema): ValidateFunction {
  let validator = compiled.get(schema);
  if (validator === undefined) {
    validator = ajv.compile(schema);
    compiled.set(schema, validator);
  }
  return validator;
}

/**
 * The value with the schema's defaults filled in, in place.
 * @throws schema-invalid for the first thing that is wrong, naming its field.
 */
export function validated<T extends TSchema>(schema: T, value: unknown): Static<T> {
  const validate = validatorOf(schema);
  if (!validate(value)) throw invalidAt(validate.errors ?? []);
  return value as Static<T>;
}

/** For documents that people write: they are told of all faults at once, and nothing is filled in. */
const exact = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(exact);

/** Everything that is wrong with the value, which stays as it is; empty where nothing is. */
export function faultsOf(schema: TSchema, value: unknown): Fault[] {
  const validate = exact.compile(schema);
  return validate(value) ? [] : faultsAt(validate.errors ?? []);
}
