import type { RunResult } from '../../../src/contract/result.js';

/** What a result must say, without what can be told from its neighbours. */
export interface Expectation {
  readonly status: RunResult['terminalStatus'];
  readonly failureKind: RunResult['failureKind'];
  readonly phase: RunResult['liveness']['phase'];
  /** Category and confidence, then what was found: see `findings`. Null while it is live. */
  readonly classification: readonly string[] | null;
  readonly diagnosis: string;
  readonly actions: readonly string[];
  readonly budget: string;
  readonly reply: string | null;
  /** Input, output and total tokens. */
  readonly usage: readonly number[] | null;
  readonly steers?: readonly string[];
}

/** A result as an expectation has it. */
export function expectationOf(result: RunResult): Expectation {
  const { terminalStatus, failureKind, liveness, diagnosis, reply, usage, steerDelivery } = result;
  return {
    status: terminalStatus,
    failureKind,
    phase: liveness.phase,
    classification: findings(result),
    diagnosis,
    actions: liveness.recoveryActions.map(({ action }) => action),
    budget: liveness.timeoutBudget.state,
    reply,
    usage: usage && [Number(usage.inputTokens), Number(usage.outputTokens), Number(usage.totalTokens)],
    ...(steerDelivery && { steers: steerDelivery.map(steerWords) }),
  };
}

function steerWords({ state, provedBySeq, supersededBy }: NonNullable<RunResult['steerDelivery']>[number]): string {
  return `${state}, proved by event ${provedBySeq}${supersededBy === null ? '' : `, became ${supersededBy}`}`;
}

function findings({ terminalClassification: found }: RunResult): string[] | null {
  if (found === null) return null;
  const words: [string, boolean][] = [
    ['provider evidence', found.providerEvidence],
    ['provider interruption', found.providerInterruption],
    ['provider interruption unknown', !found.providerInterruptionKnown],
    ['hard timeout', found.hardTimeout && found.timeoutKind === 'hard'],
    ['idle timeout', found.idleTimeout && found.timeoutKind === 'idle'],
    [`disconnect in event ${found.transportDisconnectSeq}`, found.transportDisconnectObserved],
    [`${found.retryInterruptionKind} retried in event ${found.retryInterruptionSeq}`, found.retryInterruptionObserved],
  ];
  return [found.category, found.confidence, ...words.flatMap(([word, holds]) => (holds ? [word] : []))];
}
