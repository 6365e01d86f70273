import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { PayloadKeys } from '../config/payload-settings.js';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** As in Temporal's own samples, so that its tools know what they see. */
const ENCODING = 'binary/encrypted';

/**
 * Encrypts what goes to Temporal, and reads what comes from there: clear ones too, which were written before there were keys.
 * Each payload is sealed as a whole, with its own encoding inside, and names the key by which it can be opened.
 */
export function encryptingCodec({ keys, encryptWith }: PayloadKeys): PayloadCodec {
  const secrets = new Map([...keys].map(([name, key]) => [name, secretOf(key)]));
  const first = encryptWith === undefined ? undefined : secrets.get(encryptWith);
  return {
    async encode(payloads) {
      if (encryptWith === undefined || first === undefined) return payloads;
      return payloads.map((payload) => sealed(payload, encryptWith, first));
    },
    async decode(payloads) {
      return payloads.map((payload) => (isSealed(payload) ? opened(payload, secrets) : payload));
    },
  };
}

export function isSealed({ metadata }: Payload): boolean {
  return textOf(metadata?.['encoding']) === ENCODING;
}

function sealed(payload: Payload, keyName: string, secret: Uint8Array): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, secret, nonce, { authTagLength: TAG_BYTES });
  const text = cipher.update(PayloadMessage.encode(payload).finish());
  return {
    metadata: {
      encoding: Buffer.from(ENCODING),
      'encryption-cipher': Buffer.from('AES-256-GCM'),
      'encryption-key-id': Buffer.from(keyName),
    },
    data: Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]),
  };
}

function opened({ metadata, data }: Payload, secrets: ReadonlyMap<string, Uint8Array>): Payload {
  const keyName = textOf(metadata?.['encryption-key-id']);
  const secret = secrets.get(keyName);
  // Not what the name is: it comes from whoever wrote there.
  if (secret === undefined)
    throw new Error('a payload is encrypted with a key that AGENTRUN_PAYLOAD_KEYS does not hold');
  const bytes = Buffer.from(data ?? new Uint8Array());
  const end = bytes.length - TAG_BYTES;
  if (end < NONCE_BYTES) throw new Error('an encrypted payload is cut off');
  const decipher = createDecipheriv(CIPHER, secret, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(end));
  return PayloadMessage.decode(Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]));
}

function secretOf(key: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', 'agentrun payloads', 32));
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes).toString() : '';
}
