import type { RunRecord } from '../../contract/run.js';
import type { RunnerJobRecord } from '../../contract/runner.js';
import type { CommandRecord } from '../../contract/command.js';
import type { EventRecord } from '../../contract/event.js';
import type { CommandState, RunStanding } from '../../ports/board-records.js';
import type { RunFacts } from '../../run-result/run-facts.js';
import type { OperationContext } from '../context.js';

/** A run, and the command of it that facts are asked about; null for the run's own. */
export interface FactsTarget {
  readonly runId: string;
  readonly commandId: string | null;
}

/** Undefined for a run that has no record yet. */
export type ReadFacts = (target: FactsTarget) => RunFacts | undefined;

/** How many of the newest events of a run, and again of a command. */
const EVENTS = 20;

/**
 * Facts as `readRunFacts` reads them of one run, of many at once: in as many statements for one as for a thousand. They are fewer: some
 * of the newest events and commands, nothing of what commands say, nor of events that say very much. So they tell where a run stands
 * and how it ended, but not its reply, its usage, or its steers.
 */
export async function readManyRunFacts(
  { board }: Pick<OperationContext, 'board'>,
  targets: readonly FactsTarget[],
): Promise<ReadFacts> {
  const runIds = [...new Set(targets.map(({ runId }) => runId))];
  const commandIds = [...new Set(targets.flatMap(({ commandId }) => commandId ?? []))];
  const [runs, commands, events, commandEvents, standings, jobs] = await Promise.all([
    board.runs(runIds),
    board.commands(runIds, commandIds),
    board.newestEvents(runIds, EVENTS),
    board.newestEventsOfCommands(commandIds, EVENTS),
    board.standings(runIds),
    board.currentJobs(runIds),
  ]);
  const found = {
    runs: new Map(runs.map((run) => [run.id, run])),
    commands: grouped(commands.map(withoutWords), ({ runId }) => runId),
    events: grouped(events, ({ runId }) => runId),
    commandEvents: grouped(commandEvents, ({ payload }) => String(payload.commandId)),
    standings: new Map(standings.map((standing) => [standing.runId, standing])),
    jobs: new Map(jobs.map((job) => [job.runId, job])),
  };
  const nowMs = Date.now();
  return (target) => factsOf(found, target, nowMs);
}

interface Found {
  readonly runs: ReadonlyMap<string, RunRecord>;
  readonly commands: ReadonlyMap<string, CommandRecord[]>;
  readonly events: ReadonlyMap<string, EventRecord[]>;
  readonly commandEvents: ReadonlyMap<string, EventRecord[]>;
  readonly standings: ReadonlyMap<string, RunStanding>;
  readonly jobs: ReadonlyMap<string, RunnerJobRecord>;
}

function factsOf(found: Found, { runId, commandId }: FactsTarget, nowMs: number): RunFacts | undefined {
  const run = found.runs.get(runId);
  if (run === undefined) return undefined;
  const commands = found.commands.get(runId) ?? [];
  const command = commands.find(({ id }) => id === commandId) ?? null;
  const standing = found.standings.get(runId);
  return {
    run,
    commands,
    command,
    events: found.events.get(runId) ?? [],
    commandEvents: command && (found.commandEvents.get(command.id) ?? []),
    earlier: {},
    lastSeq: standing?.lastSeq ?? 0,
    lastEventAtMs: standing?.lastEventAtMs ?? null,
    leaseExpiresAtMs: standing?.leaseExpiresAtMs ?? null,
    runnerJob: found.jobs.get(runId) ?? null,
    nowMs,
  };
}

function withoutWords(command: CommandState): CommandRecord {
  return { ...command, payload: {} };
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
