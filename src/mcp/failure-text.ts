import { ApiError, TransportError } from '../client/http-client.js';
import { WrongArguments } from './check-arguments.js';

/** A failure in words that an agent can act on: its kind first, then what is wrong, then what to do. No secret is in it. */
export function failureText(error: unknown): string {
  if (error instanceof WrongArguments) return `schema-invalid: ${error.message}`;
  if (error instanceof ApiError) return refused(error);
  if (error instanceof TransportError) return notAnswered(error);
  return `infra-failed: ${error instanceof Error ? error.message : String(error)}`;
}

function refused({ status, failureKind, message, details, traceId }: ApiError): string {
  const { field } = details;
  const about = typeof field === 'string' && !message.includes(field) ? ` (field ${field})` : '';
  const trace = traceId === null ? '' : ` [trace ${traceId}]`;
  return `${failureKind}: ${message}${about}${adviceFor(status)}${trace}`;
}

function adviceFor(status: number): string {
  if (status === 401) return '. The token is not an operator token of this AgentRun: ask who set this server up.';
  if (status === 403) return '. This token is for other tenants.';
  return '';
}

function notAnswered({ message, failure }: TransportError): string {
  const what = failure === null ? `the AgentRun API does not answer (${message})` : message;
  return `infra-failed: ${what}. Whether a change took effect is not known: look first, or repeat it with the same idempotencyKey.`;
}
