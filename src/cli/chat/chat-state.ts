import type { EventRecord } from '../../contract/event.js';
import type { SessionSent } from '../../contract/session-send.js';
import type { SessionSummary } from '../../contract/session.js';
import type { TerminalStatus } from '../../domain/outcome.js';
import { EMPTY_DRAFT, textOf, type Draft } from '../terminal/draft.js';
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

/** One of our messages that is on its way to the manager. */
export interface Sending {
  readonly sendId: number;
  readonly text: string;
  readonly label: PromptLabel;
  /** An earlier try may have arrived. */
  readonly isInDoubt: boolean;
  /** Why it is being sent again; null where it is not. */
  readonly trouble: string | null;
}

/** One that had no answer. The same text sent again is the same message: by its key it is taken once. */
export interface Unsent {
  readonly text: string;
  readonly key: string;
  /** It may have arrived. */
  readonly isInDoubt: boolean;
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
  readonly sending: readonly Sending[];
  readonly unsent: readonly Unsent[];
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
  | { readonly type: 'send-lost'; readonly sendId: number; readonly why: string }
  | ({ readonly type: 'send-failed' } & SendFailure)
  | { readonly type: 'interrupt-failed'; readonly message: string }
  | { readonly type: 'connection'; readonly isLost: boolean }
  | { readonly type: 'time'; readonly atMs: number };

export interface SendFailure {
  readonly sendId: number;
  readonly key: string;
  readonly message: string;
  /** The manager has answered: it was not taken, and will not be. */
  readonly isRefused: boolean;
  /** It may have been taken all the same. */
  readonly isInDoubt: boolean;
}

export type Tone = 'own' | 'quiet' | 'good' | 'warn' | 'bad';

export type ChatEffect =
  /** `key`: the one that it was sent with before; null for a new one. */
  | { readonly do: 'send'; readonly sendId: number; readonly text: string; readonly key: string | null }
  | { readonly do: 'interrupt'; readonly turn: TurnRef }
  | { readonly do: 'say'; readonly tone: Tone; readonly text: string }
  | { readonly do: 'show'; readonly event: EventRecord }
  | { readonly do: 'mark-read' }
  | { readonly do: 'stop-sending' | 'detach' | 'suspend' | 'redraw' };

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
  unsent: [],
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

/** What is being sent again, if anything is. */
export function troubleOf({ sending }: ChatState): string | null {
  return sending.find(({ trouble }) => trouble !== null)?.trouble ?? null;
}

/** What was sent in vain with the draft's very text. */
export function unsentOf({ draft, unsent }: ChatState): Unsent | undefined {
  const text = sendableOf(draft);
  return unsent.find((entry) => entry.text === text);
}

/** What Enter makes of a draft. */
export function sendableOf(draft: Draft): string {
  return textOf(draft).trimEnd();
}

function standing(state: ChatState): [Tone, string] {
  const { isLost, interrupting, escapeAtMs, live, waiting, outcome, isNew } = state;
  const trouble = troubleOf(state);
  if (trouble !== null) return ['warn', `! ${trouble}, sending again… · Ctrl-C stops that`];
  if (unsentOf(state)?.isInDoubt === true && escapeAtMs === null)
    return ['warn', '! not known whether it was sent; Enter sends the same again, once'];
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
