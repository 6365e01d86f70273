import type { Payload, PayloadCodec } from '@temporalio/common';
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
    let opened = fromJson(payload);
    for (const codec of codecs) [opened = {}] = await codec.decode([opened]);
    return toJson(opened);
  } catch (error) {
    // Ours, or the cipher's: neither quotes what was written there.
    throw invalid(`payloads/${index}`, `payload ${index} cannot be opened: ${(error as Error).message}`);
  }
}

function fromJson({ metadata, data }: TemporalPayload): Payload {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    ...(data !== undefined && { data: Buffer.from(data, 'base64') }),
  };
}

function toJson({ metadata, data }: Payload): TemporalPayload {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
    ...(data && { data: Buffer.from(data).toString('base64') }),
  };
}
