import ipaddr from 'ipaddr.js';
import { isIP } from 'node:net';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** Where requests may go: to public addresses, and to what the installation allows besides. */
export interface TargetPolicy {
  /** `host`: as the URL names it; `address`: what it was resolved to. */
  mayReach(host: string, address: string): boolean;
}

/**
 * `allowed`: host names, addresses and ranges (`10.0.0.0/8`), comma-separated.
 * @throws Error that names the entry which is none of them.
 */
export function targetPolicy(allowed = ''): TargetPolicy {
  const entries = allowed.split(',').map((entry) => entry.trim().toLowerCase());
  const given = entries.filter((entry) => entry !== '');
  const ranges = given.map(rangeOf).filter((range) => range !== undefined);
  const hosts = new Set(given.filter((entry) => rangeOf(entry) === undefined));
  for (const host of hosts) if (!HOST_NAME.test(host)) throw new Error(`${host} is neither a host name nor a range`);
  return {
    mayReach: (host, address) =>
      hosts.has(host.toLowerCase()) || isPublic(address) || ranges.some((range) => isWithin(address, range)),
  };
}

/** Labels of letters, digits and hyphens; not all of digits, which would be a broken address. */
const HOST_NAME = /^(?!.*[./]\d+$)(?!\d+$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

function rangeOf(entry: string): Range | undefined {
  const [address = '', bits, ...more] = entry.split('/');
  const version = isIP(address);
  const widest = version === 4 ? 32 : 128;
  if (version === 0 || more.length > 0) return undefined;
  if (bits === undefined) return [ipaddr.parse(address), widest];
  return /^\d{1,3}$/.test(bits) && Number(bits) <= widest ? [ipaddr.parse(address), Number(bits)] : undefined;
}

function isWithin(address: string, range: Range): boolean {
  const one = plain(address);
  return one.kind() === range[0].kind() && one.match(range);
}

/** An IPv4 address that is written as an IPv6 one is the IPv4 address. */
function plain(address: string): Address {
  return ipaddr.process(address);
}

/** What the whole internet may reach. Everything that is not known to be public is not. */
export function isPublic(address: string): boolean {
  const one = plain(address);
  if (one instanceof ipaddr.IPv4) return one.range() === 'unicast' && !OF_CLOUDS.includes(one.toString());
  const behind = translated(one);
  if (behind !== undefined) return isPublic(behind.toString());
  return one.range() === 'unicast' && one.match(GLOBAL_UNICAST);
}

/** Within a cloud an address of that range may be the cloud itself: Azure's host, which hands out certificates and settings of the machine. */
const OF_CLOUDS = ['168.63.129.16'];

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** In networks that have IPv6 alone, names of IPv4 hosts resolve to addresses in here (RFC 6052). */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** The IPv4 address that a translator would speak to. */
function translated(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  return address.match(NAT64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : undefined;
}
