import type { EventRecord } from '../../contract/event.js';
import type { SessionSent } from '../../contract/session-send.js';
import type { SessionSummary } from '../../contract/session.js';
import type { TerminalStatus } from '../../domain/outcome.js';
import { EMPTY_DRAFT, type Draft } from '../terminal/draft.js';
import type { Key } from '../terminal/keys.js';

/** A turn that was accepted or works. */
export interface TurnRef {
  readonly runId: string;
  readonly commandId: string;
}

/** One of our messages that is not known to have arrived. */
export interface Sent {
  readonly commandId: string;
  readonly kind: 'steer' | 'turn';
  readonly text: string;
}

/** All that the chat knows; everything it shows follows from it. */
export interface ChatState {
  readonly draft: Draft;
  /** What was sent, the newest last, and which of it the draft is, where it is one. */
  readonly history: readonly string[];
  readonly recalled: { readonly index: number; readonly draft: Draft } | null;
  /** The turn that works: what is sent now steers it. */
  readonly live: TurnRef | null;
  /** Turns that wait for their runner or for their turn. */
  readonly waiting: readonly TurnRef[];
  /** On their way to the manager. */
  readonly sending: readonly { readonly sendId: number; readonly text: string; readonly label: PromptLabel }[];
  readonly lastSendId: number;
  /** Accepted, and not proved to have arrived. */
  readonly sent: readonly Sent[];
  /** Proofs that came before the manager's answer did. */
  readonly earlyProofs: readonly EventRecord[];
  /** Our own words, whose repetition among the events is not shown again. */
  readonly echoed: readonly string[];
  /** How the newest turn ended; null while none has, or one is open. */
  readonly outcome: TerminalStatus | null;
  readonly needsInput: boolean;
  /** The turn that is being interrupted, until an event proves it. */
  readonly interrupting: TurnRef | null;
  /** Monotonic ms of an Escape that another one would confirm. */
  readonly escapeAtMs: number | null;
  readonly isLost: boolean;
  readonly isNew: boolean;
}

export type PromptLabel = 'send ›' | 'steer ›' | 'answer ›';

export type ChatInput =
  | { readonly type: 'session'; readonly session: SessionSummary | undefined }
  | { readonly type: 'key'; readonly key: Key; readonly atMs: number }
  | { readonly type: 'event'; readonly event: EventRecord }
  | { readonly type: 'sent'; readonly sendId: number; readonly answer: SessionSent }
  | { readonly type: 'send-failed'; readonly sendId: number; readonly message: string }
  | { readonly type: 'interrupt-failed'; readonly message: string }
  | { readonly type: 'connection'; readonly isLost: boolean }
  | { readonly type: 'time'; readonly atMs: number };

export type Tone = 'own' | 'quiet' | 'good' | 'warn' | 'bad';

export type ChatEffect =
  | { readonly do: 'send'; readonly sendId: number; readonly text: string }
  | { readonly do: 'interrupt'; readonly turn: TurnRef }
  | { readonly do: 'say'; readonly tone: Tone; readonly text: string }
  | { readonly do: 'show'; readonly event: EventRecord }
  | { readonly do: 'mark-read' }
  | { readonly do: 'detach' | 'suspend' | 'redraw' };

export interface Step {
  readonly state: ChatState;
  readonly effects: readonly ChatEffect[];
}

export const FIRST_STATE: ChatState = {
  draft: EMPTY_DRAFT,
  history: [],
  recalled: null,
  live: null,
  waiting: [],
  sending: [],
  lastSendId: 0,
  sent: [],
  earlyProofs: [],
  echoed: [],
  outcome: null,
  needsInput: false,
  interrupting: null,
  escapeAtMs: null,
  isLost: false,
  isNew: true,
};

/** What Enter will do, as far as is known here; the manager decides. */
export function promptLabel({ live, needsInput, outcome, waiting }: ChatState): PromptLabel {
  if (needsInput || (outcome === 'blocked' && waiting.length === 0 && live === null)) return 'answer ›';
  return live === null ? 'send ›' : 'steer ›';
}

/** How it stands, in one line for the footer. */
export function statusLine(state: ChatState): { readonly tone: Tone; readonly text: string } {
  const queued = state.sending.length + state.sent.length;
  const [tone, text] = standing(state);
  return { tone, text: queued === 0 ? text : `${text} · ◷ ${queued} queued` };
}

function standing(state: ChatState): [Tone, string] {
  const { isLost, interrupting, escapeAtMs, live, waiting, outcome, isNew } = state;
  if (isLost) return ['warn', '! the connection is lost, looking for the manager; what runs goes on'];
  if (interrupting !== null) return ['warn', 'interrupting…'];
  if (escapeAtMs !== null) return ['warn', 'Esc again interrupts the turn'];
  if (promptLabel(state) === 'answer ›') return ['warn', '◆ Needs you'];
  if (live !== null) return ['good', '▶ Running · Esc Esc interrupts · Ctrl-C leaves it running'];
  if (waiting.length > 0) return ['quiet', '○ Queued: it waits for its runner'];
  if (outcome === null) return ['quiet', isNew ? 'a new session' : 'idle'];
  return ENDED[outcome];
}

const ENDED: Record<TerminalStatus, [Tone, string]> = {
  completed: ['good', '✓ Done'],
  failed: ['bad', '✕ Failed'],
  cancelled: ['quiet', '⊘ Interrupted'],
  blocked: ['warn', '◆ Needs you'],
};
