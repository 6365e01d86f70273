import { renameSync, statSync } from 'node:fs';
import { pino, type DestinationStream, type Logger } from 'pino';
import { idOfTrace } from '../domain/trace-id.js';
import { currentTrace } from '../telemetry/tracing.js';

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
  'authJson',
  'secrets',
];

const LOG_LIMIT_BYTES = 20 * 1024 * 1024;

/** Appends to a file, each line at once, so that the last ones before a crash are there; an old log past 20 MiB is set aside as `<file>.1` first. */
export function openLogFile(level: string, file: string): Logger {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
  return createLogger(level, pino.destination({ dest: file, sync: true, mode: 0o600 }));
}

/** A line that is written while something traced is under way names the trace as answers do; its own word for it comes first. */
function traceOfLine(): Record<string, string> {
  const here = currentTrace();
  return here === undefined ? {} : { traceId: idOfTrace(here.traceId) };
}

/** Structured log lines, as JSON. */
export function createLogger(level: string, destination: DestinationStream): Logger {
  const redact = { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' };
  return pino({ level, redact, mixin: traceOfLine, base: { service: 'agentrun-mgr' } }, destination);
}
