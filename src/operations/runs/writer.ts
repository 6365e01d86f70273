import type { RunRecord } from '../../contract/run.js';
import { forbidden, leaseLost } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import type { Writer } from '../../domain/run-messages.js';

/**
 * Who writes, as far as it is enforced. A runner's token always says it; an operator's body may, and is an override otherwise.
 * @throws forbidden when a runner's body names another runner or attempt than its token.
 */
export function writerOf(principal: Principal, said: Writer): Writer {
  if (principal.kind === 'operator') {
    return {
      ...(said.attempt === undefined ? {} : { attempt: said.attempt }),
      ...(said.runnerId === undefined ? {} : { runnerId: said.runnerId }),
    };
  }
  assertSame('runnerId', said.runnerId, principal.runnerId);
  assertSame('attempt', said.attempt, principal.attempt);
  return { attempt: principal.attempt, runnerId: principal.runnerId };
}

/** A write that is answered from the row without asking the workflow must not tell a fenced writer that all is well. */
export function assertAttemptLives(run: RunRecord, writer: Writer): void {
  if (writer.attempt !== undefined && writer.attempt < run.attempt) throw leaseLost(run.id, { attempt: run.attempt });
}

function assertSame<T>(field: string, said: T | undefined, token: T): void {
  if (said !== undefined && said !== token) {
    throw forbidden(`${field} is not the one that this runner token was given for`, { field });
  }
}
