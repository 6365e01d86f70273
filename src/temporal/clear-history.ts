import { defaultPayloadConverter, type LoadedDataConverter, type Payload } from '@temporalio/common';
import { isSealed } from './payload-codec.js';

type Codecs = LoadedDataConverter['payloadCodecs'];

interface Failure {
  encodedAttributes?: Payload | null;
  message?: string | null;
}

/**
 * Puts what is encrypted in an answer of the server's into the clear, in place: payloads, and the words of failures. What cannot be
 * opened stays as it is, for whoever explains a run says rather less than nothing.
 */
export async function clear<T>(answer: T, codecs: Codecs): Promise<T> {
  if (codecs.length === 0) return answer;
  const { payloads, failures } = found(answer);
  await Promise.all(payloads.map(async (payload) => open(payload, codecs)));
  for (const failure of failures) tellWords(failure);
  return answer;
}

async function open(payload: Payload, codecs: Codecs): Promise<void> {
  try {
    let [clearer] = [payload];
    for (const codec of codecs) [clearer = payload] = await codec.decode([clearer]);
    Object.assign(payload, { metadata: clearer.metadata, data: clearer.data });
  } catch {
    // With a key that is not here.
  }
}

function tellWords(failure: Failure): void {
  const { encodedAttributes } = failure;
  if (!encodedAttributes || isSealed(encodedAttributes)) return;
  const { message } = defaultPayloadConverter.fromPayload<{ message?: unknown }>(encodedAttributes);
  if (typeof message === 'string') failure.message = message;
}

/** Walks what the server answered: payloads are known by their form, failures by their field. */
function found(answer: unknown): { payloads: Payload[]; failures: Failure[] } {
  const payloads: Payload[] = [];
  const failures: Failure[] = [];
  const waiting: unknown[] = [answer];
  while (waiting.length > 0) {
    const node = waiting.pop();
    if (typeof node !== 'object' || node === null || ArrayBuffer.isView(node)) continue;
    if (isPayload(node)) {
      if (isSealed(node)) payloads.push(node);
      continue;
    }
    if ('encodedAttributes' in node && node.encodedAttributes) failures.push(node as Failure);
    waiting.push(...(Object.values(node) as unknown[]));
  }
  return { payloads, failures };
}

function isPayload(node: object): node is Payload {
  return 'metadata' in node && 'data' in node && ArrayBuffer.isView(node.data);
}
