import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { homedir, hostname, tmpdir } from 'node:os';
import { projectRoot } from '../../../scripts/project-root.js';
import type { History } from './stage.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * A history as JSON, without what belongs to the machine it was recorded on: who polled, from which process, and where the code lay.
 * None of it takes part in replay. The SDK's conversion needs all its packages to share one protobufjs, hence that dev dependency. @throws where something of the machine is left in a payload.
 */
export function scrubbed(history: History): string {
  const text = `${JSON.stringify(scrub(JSON.parse(historyToJSON(history)) as Json), null, 1)}\n`;
  const left = [hostname(), homedir(), tmpdir(), projectRoot].filter((word) => decoded(text).includes(word));
  if (left.length > 0) throw new Error(`the history still holds ${left.join(', ')}`);
  return text;
}

function scrub(value: Json): Json {
  if (Array.isArray(value)) return value.map(scrub);
  if (value === null || typeof value !== 'object') return value;
  // A worker's own queue is called after its process and host.
  if (value['kind'] === 'TASK_QUEUE_KIND_STICKY') return { ...value, name: 'recorded' };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, scrubField(key, inner)]));
}

function scrubField(key: string, value: Json): Json {
  if (key === 'identity') return 'recorded';
  if (key === 'stackTrace') return '';
  return scrub(value);
}

/** With the payloads in clear. */
export function decoded(history: string): string {
  return history.replace(/"data": ?"([A-Za-z0-9+/=]+)"/g, (_, data: string) => Buffer.from(data, 'base64').toString());
}
