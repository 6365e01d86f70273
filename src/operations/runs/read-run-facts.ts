import type { CommandRecord } from '../../contract/command.js';
import type { EventRecord } from '../../contract/event.js';
import type { RunRecord } from '../../contract/run.js';
import type { EventType } from '../../domain/event-types.js';
import { runnerJobId } from '../../domain/ids.js';
import { focusCommand, type RunFacts } from '../../run-result/run-facts.js';
import type { OperationContext } from '../context.js';

/** The stores that facts are read from. */
export type FactsSource = Pick<OperationContext, 'runs' | 'events' | 'leases' | 'jobs'>;

/** How many of the newest events and commands a result is made from. */
const NEWEST = { events: 200, commands: 200 };

/** How many of the oldest open commands tell where a run stands: the turn that is worked on is among the first. */
const OLDEST_OPEN = 10;

/**
 * What a result, a liveness or a diagnosis is made from: the run, its newest commands and events, its lease and its current Job.
 * `command` narrows the events to one command's. The last message and usage report are found however many events follow.
 */
export async function readRunFacts(
  context: FactsSource,
  run: RunRecord,
  command: CommandRecord | null = null,
): Promise<RunFacts> {
  const afterSeq = Math.max(0, run.lastCommandSeq - NEWEST.commands);
  const [standing, events, commandEvents] = await Promise.all([
    readStanding(context, run, { afterSeq, limit: NEWEST.commands, openOnly: false }),
    context.events.tail({ runId: run.id, limit: NEWEST.events }),
    command && context.events.tail({ runId: run.id, limit: NEWEST.events, commandId: command.id }),
  ]);
  const facts = { ...standing, command, events, commandEvents };
  return { ...facts, earlier: await readEarlier(context, facts) };
}

/** What tells a Job's phase: no events are read for it, so a tool that runs is told as its turn. */
export async function readJobFacts(context: FactsSource, run: RunRecord): Promise<RunFacts> {
  return readStanding(context, run, { afterSeq: 0, limit: OLDEST_OPEN, openOnly: true });
}

/** Where a run stands, by its rows alone. */
async function readStanding(
  context: FactsSource,
  run: RunRecord,
  which: { afterSeq: number; limit: number; openOnly: boolean },
): Promise<RunFacts> {
  const [commands, last, lease, runnerJob] = await Promise.all([
    context.runs.listCommands({ runId: run.id, ...which }),
    context.events.last(run.id),
    context.leases.read(run.id),
    context.jobs.get(runnerJobId(run.id, run.attempt)),
  ]);
  return {
    run,
    commands,
    command: null,
    events: [],
    commandEvents: null,
    earlier: {},
    lastSeq: last.seq,
    lastEventAtMs: last.atMs,
    leaseExpiresAtMs: lease?.expiresAtMs ?? null,
    runnerJob: runnerJob ?? null,
    nowMs: Date.now(),
  };
}

/** Asks for what the newest events do not hold, and only where there are older ones. */
async function readEarlier(context: FactsSource, facts: RunFacts): Promise<RunFacts['earlier']> {
  const events = facts.commandEvents ?? facts.events;
  if (events.length < NEWEST.events) return {};
  const find = async (type: EventType) =>
    events.some((event) => event.type === type) ? undefined : latestOfFocus(context, facts, type);
  const [message, usage] = await Promise.all([find('assistant_message'), find('token_usage')]);
  return { message, usage };
}

/** An event that names no command counts as the focused command's, as in `focusEvents`. */
async function latestOfFocus(
  { events }: FactsSource,
  facts: RunFacts,
  type: EventType,
): Promise<EventRecord | undefined> {
  const runId = facts.run.id;
  const commandId = focusCommand(facts)?.id;
  if (facts.command !== null) return events.latest({ runId, type, commandId });
  const latest = await events.latest({ runId, type });
  const named = latest?.payload.commandId;
  if (named === undefined || named === commandId) return latest;
  return commandId === undefined ? undefined : events.latest({ runId, type, commandId });
}
