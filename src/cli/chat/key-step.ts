import { promptLabel, sendableOf, troubleOf, unsentOf, type ChatState, type Step } from './chat-state.js';
import { draftOf, edit, EMPTY_DRAFT, insert } from '../terminal/draft.js';
import { isDraftKey, type DraftKey, type Key } from '../terminal/keys.js';

/** Two Escapes mean it only together: one may be an input method's, or meant for something else. */
const ESCAPE_MS = 1_500;
const HISTORY = 200;

export function escapeIsOver({ escapeAtMs }: ChatState, atMs: number): boolean {
  return escapeAtMs !== null && atMs - escapeAtMs >= ESCAPE_MS;
}

export function pressKey(before: ChatState, key: Key, atMs: number): Step {
  const armed = before.escapeAtMs !== null && !escapeIsOver(before, atMs);
  const state = before.escapeAtMs === null ? before : { ...before, escapeAtMs: null };
  if (isDraftKey(key)) return quiet(changeDraft(state, key));
  switch (key.kind) {
    case 'enter':
      return enter(state);
    case 'escape':
      return escape(state, armed, atMs);
    case 'interrupt':
    case 'end-of-input':
      return leaveOrErase(state, key.kind);
    case 'redraw':
    case 'suspend':
      return { state, effects: [{ do: key.kind }] };
    // The terminal's own scrollback is what was said before.
    case 'page-up':
    case 'page-down':
      return quiet(state);
  }
}

function changeDraft(state: ChatState, key: DraftKey): ChatState {
  switch (key.kind) {
    case 'text':
    case 'paste':
      return { ...state, draft: insert(state.draft, key.text) };
    case 'newline':
      return { ...state, draft: insert(state.draft, '\n') };
    case 'edit':
      return { ...state, draft: edit(state.draft, key.edit) };
    case 'up':
      return recall(state, -1);
    case 'down':
      return recall(state, 1);
  }
}

/** What is sent in vain goes first, then what is typed; leaving is for an empty prompt. */
function leaveOrErase(state: ChatState, kind: 'interrupt' | 'end-of-input'): Step {
  if (kind === 'interrupt' && troubleOf(state) !== null) return { state, effects: [{ do: 'stop-sending' }] };
  if (isEmpty(state)) return { state, effects: [{ do: 'detach' }] };
  return quiet(kind === 'interrupt' ? cleared(state) : { ...state, draft: edit(state.draft, 'delete') });
}

function quiet(state: ChatState): Step {
  return { state, effects: [] };
}

function isEmpty({ draft }: ChatState): boolean {
  return draft.characters.length === 0;
}

function cleared(state: ChatState): ChatState {
  return { ...state, draft: EMPTY_DRAFT, recalled: null };
}

/** Says it at once where the person looks, and sends it. A draft of blanks alone says nothing. */
function enter(state: ChatState): Step {
  const text = sendableOf(state.draft);
  if (text.trim() === '') return quiet(cleared(state));
  const sendId = state.lastSendId + 1;
  const before = unsentOf(state);
  const isInDoubt = before?.isInDoubt ?? false;
  const sending = { sendId, text, label: promptLabel(state), isInDoubt, trouble: null };
  return {
    state: {
      ...cleared(state),
      lastSendId: sendId,
      sending: [...state.sending, sending],
      unsent: state.unsent.filter((entry) => entry !== before),
      echoed: [...state.echoed, text],
      history: [...state.history.filter((entry) => entry !== text), text].slice(-HISTORY),
      needsInput: false,
      outcome: null,
    },
    effects: [
      { do: 'say', tone: 'own', text },
      { do: 'send', sendId, text, key: before?.key ?? null },
    ],
  };
}

/** The draft stays as it is. */
function escape(state: ChatState, armed: boolean, atMs: number): Step {
  const { live, interrupting } = state;
  if (live === null || interrupting !== null) return quiet(state);
  if (!armed) return quiet({ ...state, escapeAtMs: atMs });
  return { state: { ...state, interrupting: live }, effects: [{ do: 'interrupt', turn: live }] };
}

/** Through what was sent before; the draft that was there comes back after the newest. */
function recall(state: ChatState, by: 1 | -1): ChatState {
  const { history, recalled, draft } = state;
  const index = (recalled?.index ?? history.length) + by;
  if (index < 0 || index > history.length) return state;
  const kept = recalled?.draft ?? draft;
  const text = history[index];
  if (text === undefined) return recalled === null ? state : { ...state, draft: kept, recalled: null };
  return { ...state, draft: draftOf(text), recalled: { index, draft: kept } };
}
