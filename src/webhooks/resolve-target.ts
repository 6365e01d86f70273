import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { fewAtOnce, type Caller } from './few-at-once.js';
import type { TargetPolicy } from './target-policy.js';

/** All addresses of a host's name. One that nobody waits for any more need not begin. */
export type Resolve = (host: string, caller: Caller) => Promise<LookupAddress[]>;

/** Node has four threads for it, unless told otherwise, and lets look-ups have half of them. */
const LOOKUPS = { all: 2, each: 1 };

export const systemResolve: Resolve = fewAtOnce(LOOKUPS, async (host: string) => lookup(host, { all: true }));

/** Nothing may be sent there. The message is a sentence without its subject. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused';
}

/**
 * The addresses of the URL's host that may be spoken to. Whoever connects must use these: a second look-up may answer others.
 * @throws TargetRefused where there is none; the look-up's own error, with its `code`, where the name does not resolve.
 */
export async function reachableAddresses(
  url: URL,
  policy: TargetPolicy,
  resolve: (host: string) => Promise<LookupAddress[]>,
): Promise<LookupAddress[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const literal = isIP(host);
  const found = literal === 0 ? await resolve(host) : [{ address: host, family: literal }];
  const allowed = found.filter(({ address }) => policy.mayReach(host, address));
  if (allowed.length > 0) return allowed;
  throw new TargetRefused('is not at a public address, and the installation does not allow it otherwise');
}
