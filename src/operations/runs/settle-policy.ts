import { Value } from 'typebox/value';
import { ExecutionPolicy, type RunCreate } from '../../contract/run.js';
import type { OperationContext } from '../context.js';

/** What a run may do, to its last field: what is not said is this installation's, and the schema's. */
export function settlePolicy(
  { defaultSandbox }: Pick<OperationContext, 'defaultSandbox'>,
  given: RunCreate['executionPolicy'],
): ExecutionPolicy {
  const sandbox = given?.sandbox ?? defaultSandbox;
  return Value.Default(ExecutionPolicy, { ...given, sandbox }) as ExecutionPolicy;
}
