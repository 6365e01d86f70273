import { CommanderError } from 'commander';
import { ApiError, TransportError } from '../client/http-client.js';
import { ConfigurationError } from '../config.js';
import { isTerminalStatus } from '../domain/outcome.js';
import { CliError, type CliFacts } from './cli-error.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** Any failure, ready to be told. */
export interface Failure extends CliFacts {
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly advice: readonly string[];
}

/** Undefined for what is no failure: help and version were asked for and have been printed. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    const isHelp = error.code === 'commander.help';
    const message = isHelp ? 'a command is missing' : error.message.replace(/^error: /, '');
    return { exitCode: EXIT.usage, message, advice: isHelp ? [] : ['add --help to see what there is'] };
  }
  if (error instanceof CliError) {
    const { exitCode, message, advice, facts } = error;
    return { exitCode, message, advice, ...facts };
  }
  if (error instanceof ConfigurationError) return { exitCode: EXIT.usage, message: error.message, advice: [] };
  if (error instanceof ApiError) return refused(error);
  if (error instanceof TransportError) return notAnswered(error);
  return { exitCode: EXIT.error, message: error instanceof Error ? error.message : String(error), advice: [] };
}

function refused({ status, failureKind, message, details, traceId }: ApiError): Failure {
  const facts = { message, failureKind, details, ...(traceId !== null && { traceId }) };
  if (status === 401) return { ...facts, exitCode: EXIT.auth, advice: [TOKEN_ADVICE] };
  if (status === 403) return { ...facts, exitCode: EXIT.auth, advice: ['this token is for other tenants'] };
  // A run says it so, a task by its state.
  const ended = details['terminalStatus'] ?? details['state'];
  const isTooLate = status === 409 && typeof ended === 'string' && isTerminalStatus(ended);
  return { ...facts, exitCode: isTooLate ? EXIT.tooLate : EXIT.error, advice: [] };
}

const TOKEN_ADVICE = 'set AGENTRUN_OPERATOR_TOKEN to an operator token of that manager';

function notAnswered({ message, failure }: TransportError): Failure {
  if (failure === null) return { exitCode: EXIT.error, message, advice: [] };
  const { failureKind, details, traceId } = failure;
  return {
    exitCode: EXIT.error,
    message,
    failureKind,
    details,
    ...(traceId !== null && { traceId }),
    advice: ['`agentrun health` shows which part is down'],
  };
}
