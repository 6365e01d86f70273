import { join } from 'node:path';
import type { Settings } from '../config.js';
import type { Progress } from '../processes/progress.js';
import { startEmbeddedStack, type EmbeddedStack } from './embedded-stack.js';
import { openLogFile } from './logger.js';
import { sendTemporalLogsTo } from './temporal-logs.js';

export interface LocalStackOptions {
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onProgress: Progress;
}

/** The embedded stack as a program of its own: nothing is printed, all of it logs into `logs/` of the data folder. Once per process. */
export function startLocalStack(options: LocalStackOptions): Promise<EmbeddedStack> {
  return startEmbeddedStack({
    ...options,
    logger: ({ logs }) => {
      const logger = openLogFile(options.settings.AGENTRUN_LOG_LEVEL, join(logs, 'manager.log'));
      sendTemporalLogsTo(logger);
      return logger;
    },
  });
}
