import { TargetRefused } from './resolve-target.js';

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke before there was an answer',
  EPIPE: 'the connection broke before there was an answer',
  ENOTFOUND: "the host's name does not resolve",
  EAI_AGAIN: "the host's name could not be looked up",
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the host',
  ETIMEDOUT: 'the connection could not be made in time',
  EPROTO: 'the host does not speak TLS',
  ERR_TLS_CERT_ALTNAME_INVALID: "the host's certificate is for another name",
  CERT_HAS_EXPIRED: "the host's certificate has expired",
};

/** Why there was no answer, in words that repeat nothing of what the other side said. */
export function failureWords(error: unknown, timeoutMs: number): string {
  if (error instanceof TargetRefused) return `the receiver ${error.message}`;
  if (isTimeout(error)) return `there was no answer within ${timeoutMs / 1_000} s`;
  const code = codeOf(error);
  return WORDS[code] ?? byKind(code);
}

/** One that its deadline ended. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
}

function byKind(code: string): string {
  if (code.startsWith('HPE_')) return 'the answer was not HTTP';
  if (/CERT|SELF_SIGNED|SIGNATURE|ISSUER/.test(code)) return "the host's certificate is not trusted";
  if (/TLS|SSL/.test(code)) return 'TLS could not be agreed on';
  return 'the request failed';
}

/** Several addresses were tried in vain: the first one's reason stands for all. */
function codeOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return (first as NodeJS.ErrnoException | undefined)?.code ?? '';
}
