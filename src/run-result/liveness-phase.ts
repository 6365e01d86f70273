import type { EventRecord } from '../contract/event.js';
import type { LivenessPhase } from '../contract/result.js';
import { isTerminalStatus } from '../domain/outcome.js';
import { isJobOver } from '../domain/runner-job-status.js';
import { liveTurn, openCommands, textField, type RunFacts } from './run-facts.js';

const TOOL_OVER = ['completed', 'failed', 'declined', 'cancelled'];

/** Where a run stands, in one word. */
export function livenessPhase(facts: RunFacts): LivenessPhase {
  const { run } = facts;
  if (isTerminalStatus(run.status)) return 'terminal';
  if (run.status === 'pending') return waitingPhase(facts);
  if (isLeaseExpired(facts)) return 'lease-expired';
  const turn = liveTurn(facts);
  if (turn !== null) return runningTool(facts) === null ? 'turn-running' : 'tool-running';
  const fresh = run.status === 'claimed' && facts.commands.length === 0 && run.lastCommandSeq === 0;
  return fresh || openCommands(facts).length > 0 ? 'claimed' : 'idle';
}

/** A cancel waits for the runner to stop. */
export function isBeingCancelled({ run }: RunFacts): boolean {
  return run.cancelRequestedAt !== null && run.terminalStatus === null && run.claimedBy !== null;
}

function waitingPhase({ run, runnerJob }: RunFacts): LivenessPhase {
  if (runnerJob !== null && !isJobOver(runnerJob)) return 'runner-starting';
  return run.attempt > 1 ? 'retrying' : 'waiting-for-runner';
}

/** Only for a run that a runner holds. */
export function isLeaseExpired(facts: RunFacts): boolean {
  const endsAtMs = leaseEndMs(facts);
  return facts.run.claimedBy !== null && endsAtMs !== null && endsAtMs <= facts.nowMs;
}

/** The lease's own row is newer than the run's. */
export function leaseEndMs({ run, leaseExpiresAtMs }: RunFacts): number | null {
  if (run.claimedBy === null || isTerminalStatus(run.status)) return null;
  if (leaseExpiresAtMs !== null) return leaseExpiresAtMs;
  return run.leaseExpiresAt === null ? null : Date.parse(run.leaseExpiresAt);
}

/** The newest tool call of the live turn that has not ended. */
export function runningTool(facts: RunFacts): EventRecord | null {
  const turn = liveTurn(facts);
  const running = new Map<unknown, EventRecord>();
  for (const event of facts.events) {
    if (turn === null || event.payload.commandId !== turn.id) continue;
    const over = TOOL_OVER.includes(textField(event, 'status') ?? '');
    if (event.type === 'tool_call' && !over) running.set(event.payload.itemId, event);
    else if (event.type === 'tool_call' || (event.type === 'tool_output' && !isPartial(event))) {
      running.delete(event.payload.itemId);
    } else if (event.type === 'assistant_message') running.clear();
  }
  return [...running.values()].at(-1) ?? null;
}

/** Output that comes while the tool still runs. */
function isPartial(event: EventRecord): boolean {
  return ['inProgress', 'in_progress', 'running'].includes(textField(event, 'status') ?? '');
}
