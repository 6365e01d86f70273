import { Webhook } from 'standardwebhooks';

export interface Signed {
  readonly id: string;
  readonly timestamp: Date;
  readonly body: string;
}

/** What proves to a receiver that the request is ours: the headers of the Standard Webhooks specification. */
export function signatureHeaders(secret: string, { id, timestamp, body }: Signed): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1_000)),
    'webhook-signature': signer(secret).sign(id, timestamp, body),
  };
}

/** `whsec_` says that the rest is the key in base64; anything else is the key itself. */
function signer(secret: string): Webhook {
  return secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(secret, { format: 'raw' });
}
