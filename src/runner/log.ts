import { pino, type Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/**
 * Structured lines on stderr. What an agent is told or says never goes here, and secrets are cut should one come along.
 */
export function createLog(bindings: Record<string, unknown>, level = 'info'): Log {
  const secrets = ['token', 'runnerToken', 'secrets', 'authorization', 'password', 'apiKey', 'env'];
  const redact = { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' };
  return pino(
    { level, redact, base: bindings, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  );
}
