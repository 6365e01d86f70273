import type { RunResult } from '../contract/result.js';
import { diagnosis } from './diagnosis.js';
import { livenessOf } from './liveness.js';
import { artifactsOf, replyOf, usageOf } from './reply.js';
import { endedAs, focusCommand, type RunFacts } from './run-facts.js';
import { steerDelivery } from './steer-delivery.js';

/**
 * What came of a run, or of the command that was asked for: `terminalStatus`, failure and classification are the command's
 * then, `status` is always the run's.
 */
export function buildRunResult(facts: RunFacts): RunResult {
  const ended = endedAs(facts);
  const liveness = livenessOf(facts);
  const steers = steerDelivery(facts);
  const command = focusCommand(facts);
  return {
    runId: facts.run.id,
    commandId: command?.id ?? null,
    commandState: command?.state ?? null,
    status: facts.run.status,
    terminalStatus: ended?.status ?? null,
    failureKind: ended?.failureKind ?? null,
    failureMessage: ended?.failureMessage ?? null,
    reply: replyOf(facts),
    usage: usageOf(facts),
    lastSeq: facts.lastSeq,
    liveness,
    terminalClassification: liveness.terminalClassification,
    diagnosis: diagnosis(facts),
    ...(steers === undefined ? {} : { steerDelivery: steers }),
    artifacts: artifactsOf(facts),
    valuesPrinted: false,
  };
}
