import { invalid } from '../../domain/errors.js';
import type { SecretRef } from '../../domain/secrets.js';

const PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** Of the key, by the Standard Webhooks specification. */
const BYTES = { min: 24, max: 64 };

/** The field of the bundle. */
export const SECRET_FIELD = 'secret';

export function secretRef(webhookId: string): SecretRef {
  return { kind: 'webhook', name: webhookId };
}

/** @throws schema-invalid, repeating nothing of it, for one that says it is base64 and is none, or too short. */
export function assertUsableSecret(secret: string): void {
  if (!secret.startsWith(PREFIX)) return;
  const text = secret.slice(PREFIX.length);
  const bytes = Buffer.from(text, 'base64').length;
  if (BASE64.test(text) && text.length % 4 === 0 && bytes >= BYTES.min && bytes <= BYTES.max) return;
  throw invalid('secret', `secret must have the base64 of ${BYTES.min} to ${BYTES.max} bytes after ${PREFIX}`);
}
