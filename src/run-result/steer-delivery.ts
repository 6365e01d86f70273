import type { CommandRecord } from '../contract/command.js';
import type { EventRecord } from '../contract/event.js';
import type { SteerDelivery } from '../contract/result.js';
import { textField, type RunFacts } from './run-facts.js';

/** Where each steer got to: of the asked turn, else of all the commands at hand. Undefined when there was none. */
export function steerDelivery(facts: RunFacts): SteerDelivery[] | undefined {
  const steers = steersInView(facts);
  if (steers.length === 0) return undefined;
  return steers.map((steer) => deliveryOf(steer, [...facts.events, ...(facts.commandEvents ?? [])]));
}

function steersInView({ command, commands }: RunFacts): CommandRecord[] {
  const steers = commands.filter((candidate) => candidate.type === 'steer');
  if (command === null) return steers;
  if (command.type === 'steer') return [command];
  const nextTurn = commands.find((candidate) => candidate.type === 'turn' && candidate.seq > command.seq);
  return steers.filter((steer) => steer.seq > command.seq && steer.seq < (nextTurn?.seq ?? Infinity));
}

function deliveryOf(steer: CommandRecord, events: readonly EventRecord[]): SteerDelivery {
  const own = events.filter((event) => event.payload.commandId === steer.id);
  const delivered = own.find((event) => textField(event, 'phase') === 'steer-delivered');
  const proof = delivered ?? (steer.terminalStatus === null ? undefined : own.at(-1));
  return {
    commandId: steer.id,
    state: stateOf(steer, delivered !== undefined),
    provedBySeq: proof?.seq ?? null,
    supersededBy: steer.supersededBy,
  };
}

function stateOf(steer: CommandRecord, delivered: boolean): SteerDelivery['state'] {
  if (steer.supersededBy !== null) return 'too-late';
  if (delivered || steer.state === 'completed') return 'delivered';
  return steer.terminalStatus === null ? 'queued' : 'too-late';
}
