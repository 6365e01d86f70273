import type { Delivery } from '../model/delivery.js';
import { eventHash } from '../model/place.js';

interface DeliveryChipProps {
  readonly text: string;
  readonly delivery: Delivery;
  readonly onRetry: () => void;
  readonly onForget: () => void;
  readonly onRemove: (commandId: string) => void;
  readonly onEdit: (commandId: string) => void;
}

/** Something that was said from here, and how far it got: delivered only when an event proves it. */
export function DeliveryChip({ text, delivery, onRetry, onForget, onRemove, onEdit }: DeliveryChipProps) {
  return (
    <li class={`delivery delivery-${delivery.state}`} data-state={delivery.state}>
      <span class="delivery-state">
        <DeliveryWords delivery={delivery} />
      </span>
      <span class="delivery-text">{text}</span>
      {delivery.state === 'not-sent' && (
        <button type="button" class="quiet" onClick={onRetry}>
          Send again
        </button>
      )}
      {delivery.state === 'queued' && (
        <>
          <button type="button" class="quiet" onClick={() => onEdit(delivery.commandId)}>
            Edit
          </button>
          <button type="button" class="quiet" onClick={() => onRemove(delivery.commandId)}>
            Remove
          </button>
        </>
      )}
      {isOver(delivery) && (
        <button type="button" class="quiet" aria-label="Hide this message" onClick={onForget}>
          ×
        </button>
      )}
    </li>
  );
}

export function isOver({ state }: Delivery): boolean {
  return state !== 'sending' && state !== 'queued';
}

function DeliveryWords({ delivery }: { readonly delivery: Delivery }) {
  switch (delivery.state) {
    case 'sending':
      return <>◌ sending…</>;
    case 'not-sent':
      return <span class="tone-failed">✕ not sent: {delivery.message}</span>;
    case 'queued':
      return <>◷ queued {delivery.decision === 'steer' ? 'for the running turn' : 'as the next turn'}</>;
    case 'delivered':
      return (
        <span class="tone-done">
          ✓ delivered <EventLink runId={delivery.runId} seq={delivery.seq} />
        </span>
      );
    case 'next-turn':
      return (
        <span class="tone-needs-you">
          ! the turn had ended: {delivery.isDelivered ? 'it began the next turn' : 'it becomes the next turn'}{' '}
          <EventLink runId={delivery.runId} seq={delivery.seq} />
        </span>
      );
    case 'removed':
      return <>⊘ removed, not delivered</>;
  }
}

function EventLink({ runId, seq }: { readonly runId: string; readonly seq: number }) {
  return (
    <a class="number" href={eventHash({ runId, seq })}>
      e{seq}
    </a>
  );
}
