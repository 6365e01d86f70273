import type { PayloadCodec } from '@temporalio/common';
import { JSONToPayload, payloadToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { TemporalPayload } from '../contract/temporal-payloads.js';
import { invalid } from '../domain/errors.js';
import type { PayloadReader } from '../ports/payload-reader.js';

/** Without codecs nothing is encrypted: then all comes back as it is. */
export function createPayloadReader(codecs: readonly PayloadCodec[]): PayloadReader {
  return {
    decode: async (payloads) => Promise.all(payloads.map(async (payload, index) => decodeOne(codecs, payload, index))),
  };
}

async function decodeOne(
  codecs: readonly PayloadCodec[],
  payload: TemporalPayload,
  index: number,
): Promise<TemporalPayload> {
  try {
    let opened = JSONToPayload(payload);
    for (const codec of codecs) [opened = {}] = await codec.decode([opened]);
    const { metadata, data } = payloadToJSON(opened);
    return { ...(metadata ? { metadata } : {}), ...(data ? { data } : {}) };
  } catch (error) {
    // Ours, or the cipher's: neither quotes what was written there.
    throw invalid(`payloads/${index}`, `payload ${index} cannot be opened: ${(error as Error).message}`);
  }
}
