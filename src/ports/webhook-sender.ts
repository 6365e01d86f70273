/** One request to a receiver. `secret` signs it. */
export interface WebhookMessage {
  readonly url: string;
  /** Whose webhook it is: no tenant may have too much under way. */
  readonly tenantId: string;
  readonly secret: string;
  /** The same at every try. */
  readonly id: string;
  readonly body: string;
}

export interface WebhookReply {
  /** Null where there was no answer. */
  readonly statusCode: number | null;
  /** Null for a success; otherwise what was wrong, in words of ours that repeat nothing of the receiver's. */
  readonly error: string | null;
  /** Until the answer began, or it was clear that none comes. */
  readonly latencyMs: number;
  /** What the receiver asked for. */
  readonly retryAfterMs: number | null;
}

/** Speaks to receivers, wherever they are allowed to be. */
export interface WebhookSender {
  /** Why nothing may be sent there, in a sentence without its subject; null where it may. A name that cannot be resolved now may be later. */
  whyRefused(url: string, tenantId: string): Promise<string | null>;
  /** Undefined: nothing was sent, for too much is under way. Never throws: whatever goes wrong is in the reply. */
  send(message: WebhookMessage): Promise<WebhookReply | undefined>;
}
