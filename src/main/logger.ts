import { pino, type DestinationStream, type Logger } from 'pino';

/** Names under which something secret could reach a log line; a second fence, behind never logging payloads and headers. */
const SECRETS = [
  'authorization',
  'token',
  'runnerToken',
  'operatorToken',
  'password',
  'connectionString',
  'apiKey',
  'privateKey',
];

/** Structured log lines, as JSON. */
export function createLogger(level: string, destination: DestinationStream): Logger {
  const redact = { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' };
  return pino({ level, redact, base: { service: 'agentrun-mgr' } }, destination);
}
