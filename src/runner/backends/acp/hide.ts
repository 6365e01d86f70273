import type { AgentEvent } from '../backend.js';

const HIDDEN = '***';

/** Puts *** in place of these secrets wherever they stand in an event. What is cut between two pieces of text is not seen. */
export function hider(secrets: readonly string[]): (event: AgentEvent) => AgentEvent {
  const known = secrets.filter((secret) => secret !== '');
  if (known.length === 0) return (event) => event;
  const inText = (text: string) => known.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
  const inValue = (value: unknown): unknown => {
    if (typeof value === 'string') return inText(value);
    if (Array.isArray(value)) return value.map(inValue);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [inText(name), inValue(entry)]));
  };
  return (event) => ({ ...event, payload: inValue(event.payload) as AgentEvent['payload'] });
}
