import type { EventRecord } from '../../client/index.js';

/** Something said from this page, and how far it got. */
export interface Outgoing {
  /** The idempotency key too: sent again, it is said once. */
  readonly key: string;
  readonly text: string;
  readonly sent: SendState;
}

type SendState =
  | { readonly state: 'sending' }
  | { readonly state: 'not-sent'; readonly message: string }
  | {
      readonly state: 'accepted';
      readonly decision: 'steer' | 'turn';
      readonly commandId: string;
      readonly runId: string;
    };

/** `delivered` only when an event proves it; `next-turn`: too late for its turn, so it became the next one. */
export type Delivery =
  | { readonly state: 'sending' }
  | { readonly state: 'not-sent'; readonly message: string }
  | { readonly state: 'queued'; readonly decision: 'steer' | 'turn'; readonly commandId: string }
  | { readonly state: 'delivered'; readonly decision: 'steer' | 'turn'; readonly runId: string; readonly seq: number }
  | { readonly state: 'next-turn'; readonly isDelivered: boolean; readonly runId: string; readonly seq: number }
  | { readonly state: 'removed' };

/** What events prove of a command. */
interface Proof {
  readonly runId: string;
  readonly seq: number;
  readonly what: 'delivered' | 'superseded' | 'removed';
  readonly by?: string;
}

/** What the events so far prove of commands, whoever sent them. An event may come before the answer to its send. */
export class DeliveryProofs {
  readonly #proofs = new Map<string, Proof>();

  append(events: readonly EventRecord[]): void {
    for (const event of events) {
      const { commandId } = event.payload;
      const proof = typeof commandId === 'string' ? proofIn(event) : undefined;
      if (proof === undefined || typeof commandId !== 'string') continue;
      // What was delivered may still be told to have ended; that changes nothing of its delivery.
      if (this.#proofs.get(commandId)?.what !== 'delivered') this.#proofs.set(commandId, proof);
    }
  }

  isSettled(commandId: string): boolean {
    return this.#proofs.has(commandId);
  }

  /** How far something got. Pure but for the events seen so far. */
  of({ sent }: Outgoing): Delivery {
    if (sent.state !== 'accepted') return sent;
    const { decision, commandId } = sent;
    const proof = this.#proofs.get(commandId);
    if (proof === undefined) return { state: 'queued', decision, commandId };
    const { runId, seq } = proof;
    if (proof.what === 'delivered') return { state: 'delivered', decision, runId, seq };
    if (proof.what === 'removed') return { state: 'removed' };
    const next = this.#proofs.get(proof.by ?? '');
    const isDelivered = next?.what === 'delivered';
    return { state: 'next-turn', isDelivered, runId, seq: isDelivered ? next.seq : seq };
  }
}

function proofIn(event: EventRecord): Proof | undefined {
  const { runId, seq, type, payload } = event;
  const { phase, supersededBy, terminalStatus } = payload;
  if (type === 'user_message' || phase === 'steer-delivered' || phase === 'turn/started')
    return { runId, seq, what: 'delivered' };
  if (phase !== 'command-terminal') return undefined;
  if (typeof supersededBy === 'string') return { runId, seq, what: 'superseded', by: supersededBy };
  return { runId, seq, what: terminalStatus === 'completed' ? 'delivered' : 'removed' };
}
