import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** Speak of one connection only, so that they must not be passed on to the next (RFC 9110, 7.6.1). */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
const CREDENTIALS = ['authorization', 'cookie', 'host'];

/** The agent's headers as the provider gets them: with the secret ones, in place of any that the agent made up. */
export function towardsProvider(
  headers: IncomingHttpHeaders,
  secret: Readonly<Record<string, string>>,
): OutgoingHttpHeaders {
  const own = Object.fromEntries(Object.entries(secret).map(([name, value]) => [name.toLowerCase(), value]));
  return { ...without(headers, CREDENTIALS), ...own };
}

export function towardsAgent(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return without(headers, ['set-cookie']);
}

function without(headers: IncomingHttpHeaders, more: readonly string[]): OutgoingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...HOP_BY_HOP, ...named, ...more]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)));
}
