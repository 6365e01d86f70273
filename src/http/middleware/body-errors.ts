import { AgentRunError, invalid } from '../../domain/errors.js';
import { HttpError } from '../http-error.js';

/** What is wrong with a body that could not be read. The parsers' own messages quote it: only where it went wrong is passed on. */
export function bodyError(error: Error & { status?: number; type?: string }, limitBytes: number): AgentRunError {
  if (error.status === 413) return tooLarge(limitBytes);
  if (error.status === 415)
    return new HttpError(415, 'the content encoding is not known', { field: 'content-encoding' });
  if (error.type === 'request.aborted') return endedEarly();
  return noJsonObject(error.message);
}

export function tooLarge(limitBytes: number): AgentRunError {
  const message = `the body must have at most ${limitBytes} bytes`;
  return new AgentRunError('schema-invalid', 'too-large', message, { field: 'body', limit: limitBytes });
}

/** `said` by a parser. */
export function noJsonObject(said = ''): AgentRunError {
  const position = / position (\d+)/.exec(said)?.[1];
  const where = position === undefined ? '' : ` (at position ${position})`;
  return invalid('body', `the body is not a valid JSON object${where}`);
}

export function endedEarly(): AgentRunError {
  return invalid('body', 'the body ended early');
}
