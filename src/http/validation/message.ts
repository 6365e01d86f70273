import type { ErrorObject } from 'ajv/dist/2020.js';
import { invalid, type AgentRunError } from '../../domain/errors.js';
import { patternWords } from './pattern-words.js';

const MAX_FAULTS = 50;

/** Says that a branch failed; the branch's own errors say why. */
const WRAPPERS = ['anyOf', 'oneOf', 'allOf', 'if', 'not'];

/** What is wrong with a value, and where. */
export interface Fault {
  /** As people write it: `events[3].payload`; `body` for the whole. */
  readonly field: string;
  /** Begins with the field. */
  readonly message: string;
  /** From the root to the value; of a field that is missing, to where it should be. */
  readonly path: readonly string[];
}

/** Turns the validator's findings into one error that names a field and what it must be. It repeats no value of the body. */
export function invalidAt(errors: readonly ErrorObject[]): AgentRunError {
  const error = mostTelling(errors);
  if (error === undefined) return invalid('body', 'the body does not have the right form');
  const { field, message } = faultOf(error, errors);
  return invalid(field, message);
}

/** The faults of a value, where the validator was asked for all: one for each field, up to a number that anybody would mend at once. */
export function faultsAt(errors: readonly ErrorObject[]): Fault[] {
  const telling = errors.filter((error) => !WRAPPERS.includes(error.keyword)).slice(0, MAX_FAULTS);
  const faults = new Map<string, Fault>();
  for (const error of telling) {
    const fault = faultOf(error, telling);
    if (!faults.has(fault.field)) faults.set(fault.field, fault);
  }
  return [...faults.values()];
}

function faultOf(error: ErrorObject, all: readonly ErrorObject[]): Fault {
  const path = pathOf(error);
  const field = path.reduce(appendSegment, '').slice(0, 300) || 'body';
  return { field, message: `${field} ${requirement(error, all)}`, path };
}

/** Of a union's errors, those that went deepest met the branch that was meant; "must be null" is never it. */
function mostTelling(errors: readonly ErrorObject[]): ErrorObject | undefined {
  const telling = errors.filter((error) => !WRAPPERS.includes(error.keyword));
  const meant = telling.filter((error) => !(error.keyword === 'type' && error.params.type === 'null'));
  const depth = (error: ErrorObject) => error.instancePath.split('/').length;
  const candidates = meant.length > 0 ? meant : telling;
  const greatest = Math.max(...candidates.map(depth));
  // Among equals, a wrong type says least: it is that of a branch which was not meant.
  const deepest = candidates.filter((error) => depth(error) === greatest);
  return deepest.find((error) => error.keyword !== 'type') ?? deepest[0] ?? errors[0];
}

/** `/events/3/payload` → `events`, `3`, `payload`. */
function pathOf(error: ErrorObject): string[] {
  const segments = error.instancePath.split('/').slice(1).map(unescapePointer);
  const { missingProperty, additionalProperty } = error.params as Record<string, string | undefined>;
  const child = missingProperty ?? (isPlainName(additionalProperty) ? additionalProperty : undefined);
  return child === undefined ? segments : [...segments, child];
}

function appendSegment(path: string, segment: string): string {
  if (/^\d+$/.test(segment)) return `${path}[${segment}]`;
  return path === '' ? segment : `${path}.${segment}`;
}

function unescapePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A property name comes from the body: only what looks like one is repeated. */
function isPlainName(name: unknown): name is string {
  return typeof name === 'string' && /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name);
}

function requirement(error: ErrorObject, all: readonly ErrorObject[]): string {
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'required':
      return 'is required';
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`;
    case 'type':
      return `must be ${typesAt(error.instancePath, all).join(' or ')}`;
    case 'pattern':
      return patternWords(String(params.pattern));
    case 'format':
      return `must be a ${String(params.format)}`;
    case 'additionalProperties':
      return isPlainName(params.additionalProperty) ? 'is not a known field' : 'has a field that is not known';
    default:
      return (error.message ?? 'is not valid').replace('must NOT', 'must not');
  }
}

function typesAt(instancePath: string, errors: readonly ErrorObject[]): string[] {
  const here = errors.filter((error) => error.keyword === 'type' && error.instancePath === instancePath);
  return [...new Set(here.map((error) => String(error.params.type)))];
}
