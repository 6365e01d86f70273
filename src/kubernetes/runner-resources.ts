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
