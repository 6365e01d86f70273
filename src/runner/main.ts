#!/usr/bin/env node
import { processEnvironment } from '../environment.js';
import { RUNNER_EXIT_CODES as EXIT_CODES } from '../domain/runner-program.js';
import { parseTraceparent } from '../telemetry/trace-context.js';
import { ConfigError, readRunnerConfig } from './config.js';
import { NoTokenError, readHandover } from './handover.js';
import { createLog } from './log.js';
import { startAttempt } from './run-attempt.js';
import { runnerTracing } from './telling.js';

/** The program in a runner Job: one attempt of one run. */

/** Longer than an orderly end takes; a process told to end must end. */
const LAST_RESORT_MS = 20_000;

async function main(): Promise<number> {
  const config = readRunnerConfig(processEnvironment);
  const { runId, runnerId, jobName } = config;
  const traceId = parseTraceparent(config.traceparent)?.traceId;
  const log = createLog(
    { runId, runnerId, jobName, pid: process.pid, ...(traceId && { traceId: `trc_${traceId}` }) },
    config.logLevel,
  );
  const handedOver = await readHandover(config, process.stdin);
  const tracing = await runnerTracing(config);
  const attempt = startAttempt({ config, log, tracing, ...handedOver });
  // Whatever ends this process, its agent does not outlive it.
  process.once('exit', () => attempt.kill());
  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'unexpected fault');
    process.exit(EXIT_CODES.broken);
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'told to end');
      attempt.terminate();
      setTimeout(() => process.exit(EXIT_CODES.terminated), LAST_RESORT_MS).unref();
    });
  }
  const end = await attempt.ended;
  log.info({ end }, 'the runner ends');
  await tracing.close();
  return EXIT_CODES[end];
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT_CODES.misconfigured;
  return error instanceof NoTokenError ? EXIT_CODES['no-token'] : EXIT_CODES.broken;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`agentrun runner: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(exitCodeOf(error));
  },
);
