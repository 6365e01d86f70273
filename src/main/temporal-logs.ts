import type { Logger } from 'pino';
import { loggable } from '../http/log-error.js';
import { installRuntime } from '../temporal/runtime.js';

/** Sends what Temporal's SDK has to say to the manager's log. Once per process, before anything of Temporal's is started. */
export function sendTemporalLogsTo(logger: Logger): void {
  const say =
    (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, meta: Record<string | symbol, unknown> = {}): void =>
      logger[level]('error' in meta ? { ...meta, error: loggable(meta['error']) } : meta, message);
  const [trace, debug, info, warn, error] = [say('trace'), say('debug'), say('info'), say('warn'), say('error')];
  const byLevel = { TRACE: trace, DEBUG: debug, INFO: info, WARN: warn, ERROR: error };
  installRuntime({ trace, debug, info, warn, error, log: (level, message, meta) => byLevel[level](message, meta) });
}
