import pg from 'pg';
import { unavailable } from '../domain/errors.js';

/** SQLSTATEs (by class or whole) that say "not now" rather than "not this": another try may work. */
const PASSING = [
  '08', // connection exceptions
  '53', // out of connections, memory, disk
  '57P', // shutdown, crash, starting up
  '58', // I/O errors
  '57014', // statement timeout
  '55P03', // lock timeout
  '25P03', // the server ended an idle transaction
  '25006', // read-only: we still talk to a former primary
  '40', // deadlock, serialization: the victim may try again
];

/** SQLSTATEs after which the server has closed the connection. */
const CLOSING = ['08', '57P', '25P03'];

const CHECK_VIOLATION = '23514';
const NO_DATA_FOUND = 'P0002';

function isServerAnswer(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError;
}

/** True when the connection that the error came over must not be used again. */
export function isConnectionLost(error: unknown): boolean {
  return isServerAnswer(error) ? hasCode(error, CLOSING) : !isMisuse(error);
}

/** What a failed statement means to a caller: `unavailable('database')`, or the error itself when it is a fault of ours. */
export function asFailure(error: unknown): unknown {
  if (isServerAnswer(error)) return hasCode(error, PASSING) ? unavailable('database', error) : error;
  // Whatever did not come from the server came from the way to it: refused, reset, timed out.
  return isMisuse(error) ? error : unavailable('database', error);
}

/** No partition covers an event's time (the only CHECK an insert can meet here). */
export function isPartitionMissing(error: unknown): boolean {
  return isServerAnswer(error) && error.code === CHECK_VIOLATION;
}

/** A function of ours did not find what it was to work on; its detail is what that is. */
export function isWithoutData(error: unknown): error is pg.DatabaseError {
  return isServerAnswer(error) && error.code === NO_DATA_FOUND;
}

/** A value that cannot be sent: our mistake, not the network's. */
function isMisuse(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError;
}

function hasCode(error: pg.DatabaseError, codes: readonly string[]): boolean {
  return codes.some((code) => error.code?.startsWith(code));
}
