import { quantityAmount } from './quantity.js';
import type { RunnerResources } from './runner-settings.js';

type Quantities = Readonly<Record<string, string>>;

/** What a run asked for, and the installation's for the rest, which gives way where the two contradict each other. Pure. */
export function mergedResources(asked: RunnerResources | null, installation: RunnerResources) {
  const requests = { ...installation.requests, ...asked?.requests };
  const limits = { ...installation.limits, ...asked?.limits };
  const excessive = Object.keys(requests).filter((name) => exceeds(requests[name], limits[name]));
  return {
    requests: { ...requests, ...givenWay(excessive, asked?.requests, asked?.limits) },
    limits: { ...limits, ...givenWay(excessive, asked?.limits, asked?.requests) },
  };
}

/** Of names that contradict, those that were asked for on the other side alone, with what was asked there. */
function givenWay(names: readonly string[], own: Quantities = {}, other: Quantities = {}): Record<string, string> {
  const giving = names.filter((name) => own[name] === undefined && other[name] !== undefined);
  return Object.fromEntries(giving.map((name) => [name, other[name] ?? '']));
}

function exceeds(request: string | undefined, limit: string | undefined): boolean {
  const [requested, limited] = [quantityAmount(request), quantityAmount(limit)];
  return requested !== null && limited !== null && requested > limited;
}

const OF_ANY_CONTAINER = ['cpu', 'memory', 'ephemeral-storage'];

/**
 * Of a step before the runner, in the same Pod: it takes as much as the runner will, which adds nothing to what the Pod asks for, and
 * has every limit that a quota wants. No devices: some are handed out to one container each.
 */
export function stepResources({ requests = {}, limits = {} }: RunnerResources): RunnerResources {
  return { requests: ofAnyContainer(requests), limits: ofAnyContainer(limits) };
}

function ofAnyContainer(quantities: Quantities): Quantities {
  return Object.fromEntries(Object.entries(quantities).filter(([name]) => OF_ANY_CONTAINER.includes(name)));
}
