import { AgentRunError } from '../../src/domain/errors.js';

/** Whether an operation was refused so, for `assert.rejects`. */
export function refused(failureKind: string, refusal: string): (error: unknown) => boolean {
  return (error) => error instanceof AgentRunError && error.failureKind === failureKind && error.refusal === refusal;
}
