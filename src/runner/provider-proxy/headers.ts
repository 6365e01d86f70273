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
/** What would lead the agent elsewhere, or bind it to where it must not go by itself. */
const NOT_FOR_AGENT = ['set-cookie', 'location'];
const OF_ONE_BODY = ['content-length', 'content-encoding', 'content-type'];

/** The agent's headers as the provider gets them: with the secret ones, in place of any that the agent made up. */
export function towardsProvider(
  headers: IncomingHttpHeaders,
  secret: Readonly<Record<string, string>>,
): OutgoingHttpHeaders {
  const own = Object.fromEntries(Object.entries(secret).map(([name, value]) => [name.toLowerCase(), value]));
  // What is packed could not be searched for secrets on its way back.
  return { ...without(headers, CREDENTIALS), 'accept-encoding': 'identity', ...own };
}

export function towardsAgent(headers: IncomingHttpHeaders, cut: (text: string) => string): OutgoingHttpHeaders {
  const kept = Object.entries(without(headers, NOT_FOR_AGENT));
  return Object.fromEntries(
    kept.map(([name, value]) => [name, Array.isArray(value) ? value.map(cut) : cut(String(value))]),
  );
}

/** Of an answer whose body is another's. */
export function withoutBody(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_ONE_BODY.includes(name)));
}

function without(headers: IncomingHttpHeaders, more: readonly string[]): OutgoingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...HOP_BY_HOP, ...named, ...more]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)));
}
