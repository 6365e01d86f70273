/** gRPC's own numbers: the server answers, and to somebody else. */
const NOT_FOR_US = [7, 16];
const NOT_FOUND = 5;
const NO_NAMESPACE = 'it has no namespace of that name (AGENTRUN_TEMPORAL_NAMESPACE)';

/**
 * By what OpenSSL says of a handshake, which Node and gRPC hand on as text; the first that fits. A server that wants a certificate
 * of ours says so by an alert.
 */
const HANDSHAKES: readonly (readonly [RegExp, string])[] = [
  [
    /alert (number (42|46|48|116)|bad certificate|unknown ca|certificate (required|unknown))/i,
    'it does not take our certificate (AGENTRUN_TEMPORAL_TLS_CERT_FILE)',
  ],
  [/altnames/i, 'its certificate is for another name (AGENTRUN_TEMPORAL_TLS_SERVER_NAME)'],
  [/certificate (has expired|is not yet valid)/i, 'its certificate is not valid now'],
  [
    /self-signed certificate|unable to (verify|get)/i,
    'its certificate is from no authority that we trust (AGENTRUN_TEMPORAL_TLS_CA_FILE)',
  ],
  [/wrong version number|packet length too long/i, 'it does not speak TLS (AGENTRUN_TEMPORAL_TLS)'],
];

/**
 * What keeps us out of a server that is there, in words of ours: nothing of what it says is repeated. Undefined where it may be a
 * matter of time. Takes errors of calls and their statuses.
 */
export function whyRefused(failure: unknown): string | undefined {
  const { code, details } = statusOf(failure);
  if (NOT_FOR_US.includes(code)) return 'it does not take our API key or certificate (AGENTRUN_TEMPORAL_API_KEY_FILE)';
  return HANDSHAKES.find(([pattern]) => pattern.test(details))?.[1];
}

/** The same as a sentence, and of a namespace that is not there: somebody may be about to make it. */
export function whyUnusable(failure: unknown): string | undefined {
  const why = whyRefused(failure) ?? (statusOf(failure).code === NOT_FOUND ? NO_NAMESPACE : undefined);
  return why && `Temporal cannot be used: ${why}`;
}

function statusOf(failure: unknown): { readonly code: number; readonly details: string } {
  const { code, details } = (failure ?? {}) as { code?: unknown; details?: unknown };
  return { code: typeof code === 'number' ? code : -1, details: typeof details === 'string' ? details : '' };
}
