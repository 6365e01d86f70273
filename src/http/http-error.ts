import { AgentRunError } from '../domain/errors.js';

/** A refusal that only HTTP knows of: its status follows from neither failure kind nor refusal. */
export class HttpError extends AgentRunError {
  constructor(
    readonly status: number,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super('schema-invalid', 'invalid', message, details);
  }
}
