import type { CommandRecord } from '../contract/command.js';
import type { RunRecord } from '../contract/run.js';
import { runnerJobId } from '../domain/ids.js';
import type { RunFacts } from '../run-result/run-facts.js';
import type { OperationContext } from './context.js';

/** How many of the newest events and commands a result is made from. */
const NEWEST = { events: 500, commands: 200 };

/**
 * What a result, a liveness or a diagnosis is made from: the run, its newest commands and events, its lease and its current Job.
 * `command` narrows the events to one command's.
 */
export async function readRunFacts(
  context: OperationContext,
  run: RunRecord,
  command: CommandRecord | null = null,
): Promise<RunFacts> {
  const afterSeq = Math.max(0, run.lastCommandSeq - NEWEST.commands);
  const [commands, events, commandEvents, last, lease, runnerJob] = await Promise.all([
    context.runs.listCommands({ runId: run.id, afterSeq, limit: NEWEST.commands, openOnly: false }),
    context.events.tail({ runId: run.id, limit: NEWEST.events }),
    command && context.events.tail({ runId: run.id, limit: NEWEST.events, commandId: command.id }),
    context.events.last(run.id),
    context.leases.read(run.id),
    context.jobs.get(runnerJobId(run.id, run.attempt)),
  ]);
  return {
    run,
    commands,
    command,
    events,
    commandEvents,
    lastSeq: last.seq,
    lastEventAtMs: last.atMs,
    leaseExpiresAtMs: lease?.expiresAtMs ?? null,
    runnerJob: runnerJob ?? null,
    nowMs: Date.now(),
  };
}
