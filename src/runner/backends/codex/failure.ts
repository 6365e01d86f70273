import type { RunFailureKind } from '../../../domain/failure-kinds.js';
import type { ProviderTrouble } from '../../provider-proxy/trouble.js';
import type { CodexErrorInfo } from './protocol.js';

/** Codex's words that tell by themselves what went wrong. */
const BY_WORD: Readonly<Record<string, RunFailureKind>> = {
  contextWindowExceeded: 'context-overflow',
  sessionBudgetExceeded: 'budget-exceeded',
  usageLimitExceeded: 'provider-rate-limited',
  rateLimitExceeded: 'provider-rate-limited',
  unauthorized: 'provider-auth-failed',
  serverOverloaded: 'provider-unavailable',
  flexUnavailable: 'provider-unavailable',
  policyCapacityUnavailable: 'provider-unavailable',
};

/** Words that say how it went wrong and not why: what was seen on the wire knows more, where there is something. */
const BY_WORD_AT_LAST: Readonly<Record<string, RunFailureKind>> = {
  internalServerError: 'provider-unavailable',
  httpConnectionFailed: 'provider-unavailable',
  responseStreamConnectionFailed: 'provider-unavailable',
  responseTooManyFailedAttempts: 'provider-unavailable',
  responseStreamDisconnected: 'provider-stream-disconnected',
};

/**
 * The failure kind of a turn that codex ended as failed, from its word and from what the runner saw between it and the
 * provider. Pure.
 */
export function failureKindOf(info: CodexErrorInfo | null, trouble: ProviderTrouble | null): RunFailureKind {
  const { word, status } = read(info);
  const bySilence = trouble?.kind === 'unreachable' || trouble?.kind === 'no-headers';
  return (
    lookUp(BY_WORD, word) ??
    (bySilence ? 'provider-unavailable' : undefined) ??
    kindOfStatus(status) ??
    kindOfTrouble(trouble) ??
    lookUp(BY_WORD_AT_LAST, word) ??
    'backend-failed'
  );
}

/** What a provider said, where codex gives the body of its refusal for a message. */
export function plainWords(message: string): string {
  if (!message.startsWith('{')) return message;
  try {
    const { error } = JSON.parse(message) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' && error.message !== '' ? error.message : message;
  } catch {
    return message;
  }
}

function kindOfTrouble(trouble: ProviderTrouble | null): RunFailureKind | undefined {
  if (trouble?.kind === 'cut' || trouble?.kind === 'stalled') return 'provider-stream-disconnected';
  return trouble?.kind === 'status' ? kindOfStatus(trouble.status) : undefined;
}

function kindOfStatus(status: number | null): RunFailureKind | undefined {
  if (status === null) return undefined;
  if (status === 401 || status === 403) return 'provider-auth-failed';
  if (status === 429) return 'provider-rate-limited';
  return status >= 500 || status === 408 ? 'provider-unavailable' : undefined;
}

function read(info: CodexErrorInfo | null): { word: string; status: number | null } {
  if (info === null) return { word: '', status: null };
  if (typeof info === 'string') return { word: info, status: null };
  const [word = '', facts] = Object.entries(info)[0] ?? [];
  const status = (facts as { httpStatusCode?: unknown } | null)?.httpStatusCode;
  return { word, status: typeof status === 'number' ? status : null };
}

function lookUp(table: Readonly<Record<string, RunFailureKind>>, word: string): RunFailureKind | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}
