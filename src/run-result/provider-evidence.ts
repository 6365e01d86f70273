import type { EventRecord } from '../contract/event.js';
import { focusEvents, textField, type RunFacts } from './run-facts.js';

/** What the events tell of the model provider's part in an end. */
export interface ProviderEvidence {
  /** The newest event that shows it; undefined where it had none. */
  readonly event: EventRecord | undefined;
  /** `host:port`, where a runner told it. */
  readonly host: string | null;
  readonly httpStatus: number | null;
  /** What the provider said, or the agent in its name; without what `httpStatus` says already. */
  readonly words: string | null;
  /** There was no answer at all: no connection, or none in time. */
  readonly isUnreachable: boolean;
  /** Its account has used up what it may, as against asking too fast. */
  readonly isUsageLimit: boolean;
  /** How often the agent told that it tries again. */
  readonly retries: number;
}

/** As codex wraps a refusal. */
const REFUSAL = /^unexpected status \d+ [^:]*: (.*?)(?:, url: \S+)?(?:, [a-z-]+(?: id)?: \S+)*$/s;
const SAYS_STATUS_ONLY = /^exceeded retry limit, last status: \d+/;

export function providerEvidence(facts: RunFacts): ProviderEvidence {
  const errors = focusEvents(facts).filter((event) => event.type === 'error');
  const event = errors.findLast(isOfProvider);
  const silence = focusEvents(facts).findLast((status) => textField(status, 'phase') === 'provider/unreachable');
  const message = event && textField(event, 'message');
  const told = textField(silence ?? NOTHING, 'message');
  const isUnreachable = told !== null && message === told;
  return {
    event,
    host: (event && textField(event, 'providerHost')) ?? null,
    httpStatus: event === undefined || isUnreachable ? null : httpStatusOf(event),
    words: message === undefined || message === null ? null : wordsOf(message),
    isUnreachable,
    isUsageLimit: event?.payload.codexErrorInfo === 'usageLimitExceeded',
    retries: errors.filter(({ payload }) => payload.willRetry === true).length,
  };
}

const NOTHING = { payload: {} } as EventRecord;

function isOfProvider(event: EventRecord): boolean {
  return (textField(event, 'failureKind')?.startsWith('provider-') ?? false) || httpStatusOf(event) !== null;
}

/** As the runner saw it; else as the agent tells it. */
function httpStatusOf({ payload }: EventRecord): number | null {
  if (typeof payload.httpStatus === 'number') return payload.httpStatus;
  const info = payload.codexErrorInfo;
  if (typeof info !== 'object' || info === null) return null;
  const [told] = Object.values(info) as ({ httpStatusCode?: unknown } | null)[];
  return typeof told?.httpStatusCode === 'number' ? told.httpStatusCode : null;
}

function wordsOf(message: string): string | null {
  if (SAYS_STATUS_ONLY.test(message)) return null;
  return REFUSAL.exec(message)?.[1] ?? message;
}
