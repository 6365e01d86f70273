#!/usr/bin/env node
import { processEnvironment } from '../environment.js';
import { RUNNER_EXIT_CODES as EXIT_CODES } from '../domain/runner-program.js';
import { idOfTrace } from '../domain/trace-id.js';
import { parseTraceparent } from '../telemetry/trace-context.js';
import { awaitAssignment, NotNeededError } from './await-assignment.js';
import { ConfigError, readRunnerConfig, readWarmConfig, type Environment } from './config.js';
import { NoTokenError, readHandover, type Handover } from './handover.js';
import { createLog } from './log.js';
import { startAttempt } from './run-attempt.js';
import { runnerTracing } from './telling.js';

/** The program in a runner Job: one attempt of one run, which it is told when it starts or, where it waits for one, later. */

/** Longer than an orderly end takes; a process told to end must end. */
const LAST_RESORT_MS = 20_000;

interface Beginning {
  readonly environment: Environment;
  readonly handedOver: Handover;
}

async function begin(): Promise<Beginning> {
  const warm = readWarmConfig(processEnvironment);
  const handedOver = await readHandover(warm ?? readRunnerConfig(processEnvironment), process.stdin);
  if (warm === undefined) return { environment: processEnvironment, handedOver };
  const { variables, token } = await awaitAssignment(warm, handedOver.token);
  return { environment: { ...processEnvironment, ...variables }, handedOver: { ...handedOver, token } };
}

async function main(): Promise<number> {
  const { environment, handedOver } = await begin();
  const config = readRunnerConfig(environment);
  const { runId, runnerId, jobName } = config;
  const traceId = parseTraceparent(config.traceparent)?.traceId;
  const log = createLog(
    { runId, runnerId, jobName, pid: process.pid, ...(traceId && { traceId: idOfTrace(traceId) }) },
    config.logLevel,
  );
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
  if (error instanceof NotNeededError) return EXIT_CODES['not-needed'];
  return error instanceof NoTokenError ? EXIT_CODES['no-token'] : EXIT_CODES.broken;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`agentrun runner: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(exitCodeOf(error));
  },
);
