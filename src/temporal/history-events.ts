import type { Client } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';

/** As the server answers them. */
export type HistoryPage = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistoryReverse']>>;
export type HistoryEvent = NonNullable<NonNullable<HistoryPage['history']>['events']>[number];

type Time = HistoryEvent['eventTime'];
type Failure = NonNullable<HistoryEvent['activityTaskFailedEventAttributes']>['failure'];
type Payloads = NonNullable<HistoryEvent['activityTaskScheduledEventAttributes']>['input'];
type Long = HistoryEvent['eventId'];

export function timeMs(time: Time): number {
  return Number(time?.seconds ?? 0) * 1_000 + Math.floor((time?.nanos ?? 0) / 1_000_000);
}

/** Event ids as one kind of number, whatever the decoder made of them. */
export function idOf(id: Long): string {
  return String(id ?? 0);
}

/** The fields of the first argument; none where it is no object. */
export function firstArgument(input: Payloads): Record<string, unknown> {
  const value = decode(input?.payloads?.[0]);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** What a wait is for, as its summary says. */
export function summaryOf(event: HistoryEvent): string | null {
  const value = decode(event.userMetadata?.summary);
  return typeof value === 'string' ? value : null;
}

function decode(payload: Payload | null | undefined): unknown {
  if (!payload) return undefined;
  try {
    return defaultPayloadConverter.fromPayload(payload);
  } catch {
    return undefined;
  }
}

/** A failure's words where they are ours and meant to be read; of anything else its name alone, for its words may quote data. */
export function failureWords(failure: Failure, isOurs: (type: string) => boolean): string {
  const type = failure?.applicationFailureInfo?.type ?? '';
  if (failure?.timeoutFailureInfo) return 'it took too long';
  if (isOurs(type)) return (failure?.message ?? '').replace(/[.\s]+$/, '');
  return type === '' ? 'an error without a name' : `an error of the kind ${type}`;
}
