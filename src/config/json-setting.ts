import type { Static, TSchema } from 'typebox';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ConfigurationError } from './configuration-error.js';
import { KNOWN_SCHEMA } from './setting.js';

/** What a setting says in JSON. Messages never repeat it: it may hold a token. @throws ConfigurationError that names the variable. */
export function readJsonSetting<T extends TSchema>(variable: string, json: string, schema: T): Static<T> {
  const value = parse(variable, json);
  const validate = new Ajv2020(KNOWN_SCHEMA).compile<Static<T>>(schema);
  if (validate(value)) return value;
  const fault = validate.errors?.[0];
  throw new ConfigurationError(`${variable}${fault?.instancePath ?? ''} ${fault?.message ?? 'is not as documented'}`);
}

function parse(variable: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new ConfigurationError(`${variable} is not JSON`);
  }
}
