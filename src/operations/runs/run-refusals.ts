import { AgentRunError, conflict, leaseConflict, leaseLost } from '../../domain/errors.js';
import { RunRefused, type RunRefusalType } from '../../domain/refusals.js';

type Facts = Readonly<Record<string, unknown>>;

/** How a caller is told that a run's workflow said no. */
const REFUSAL_ERRORS: Record<RunRefusalType, (runId: string, facts: Facts) => AgentRunError> = {
  'run-not-here': (runId, facts) => conflict(`run ${runId} has ended`, { ...facts, runId }),
  'run-terminal': (runId, facts) => conflict(`run ${runId} has ended`, { ...facts, runId }),
  'session-closing': (_sessionId, facts) => sessionClosing(facts),
  'held-by-another-runner': (runId, facts) => leaseConflict(runId, facts),
  'attempt-over': (runId, facts) => leaseLost(runId, facts),
  'command-unknown': (runId, facts) => commandUnknown(runId, facts),
  'command-terminal': (runId, facts) => conflict('the command has ended', { ...facts, runId }),
  'newer-command': (runId, facts) => conflict('a newer command came in: carry on with it', { ...facts, runId }),
  'too-many-open-commands': (runId, facts) => tooManyCommands(runId, facts),
};

export function refusalError(runId: string, refused: RunRefused): AgentRunError {
  return REFUSAL_ERRORS[refused.type](runId, refused.facts);
}

/** Awaits what was asked of a run's workflow; a refusal becomes the error that a caller may read. */
export async function answered<T>(runId: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof RunRefused ? refusalError(runId, error) : error;
  }
}

/**
 * As `answered`, where a refusal of one of these kinds means that nothing is left to do: answers it then, and the
 * caller reads the outcome from the row. Undefined when what was asked was done.
 */
export async function settled(
  runId: string,
  asked: Promise<unknown>,
  harmless: readonly RunRefusalType[],
): Promise<RunRefused | undefined> {
  try {
    await asked;
    return undefined;
  } catch (error) {
    if (!(error instanceof RunRefused)) throw error;
    if (harmless.includes(error.type)) return error;
    throw refusalError(runId, error);
  }
}

function sessionClosing(facts: Facts): AgentRunError {
  return new AgentRunError('infra-failed', 'unavailable', closingWords(facts), facts);
}

function closingWords({ runId, waitsFor, graceMs }: Facts): string {
  const [run, given] = [`the session's run ${String(runId)}`, `${Number(graceMs) / 1_000} s`];
  if (waitsFor === 'runner')
    return `${run} was cancelled and its runner is still stopping, for ${given} at most; try again when the run has ended`;
  if (waitsFor === 'job')
    return `${run} has ended and its runner Job is still being stopped, which is given ${given}; try again`;
  return "the session's last run is still ending; try again";
}

function commandUnknown(runId: string, facts: Facts): AgentRunError {
  return new AgentRunError('schema-invalid', 'missing', 'the run has no such command', { ...facts, runId });
}

function tooManyCommands(runId: string, facts: Facts): AgentRunError {
  const message = 'the run has too many open commands; try again when some have ended';
  // Who sends to a session does not know which run has it.
  return new AgentRunError('rate-limited', 'conflict', message, { runId, ...facts });
}
