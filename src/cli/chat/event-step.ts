import type { EventRecord } from '../../contract/event.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { cutTo } from '../output.js';
import type { ChatEffect, ChatState, Sent, Step } from './chat-state.js';

/** Proofs of what others said come as well: so many are kept for an answer that is still on its way. */
const EARLY_PROOFS = 50;

/** Pure: what an event says of our messages and of the turn, and whether it is shown as any other. */
export function seeEvent(state: ChatState, event: EventRecord, { isShown = false } = {}): Step {
  if (event.type === 'terminal_status') return runEnded(state, event, isShown);
  if (event.type === 'user_message') return userMessage(state, event, isShown);
  const known = event.type === 'backend_status' ? PHASES[String(event.payload.phase)] : undefined;
  return known?.(state, event, isShown) ?? shown(state, event, isShown);
}

type SeePhase = (state: ChatState, event: EventRecord, isShown: boolean) => Step | undefined;

const PHASES: Record<string, SeePhase | undefined> = {
  'turn/started': turnStarted,
  'steer-delivered': steerDelivered,
  'command-terminal': commandEnded,
  'attempt-lost': attemptLost,
  // The footer says so already.
  'turn/interrupt:requested': (state, { payload }) =>
    payload.turnCommandId === state.interrupting?.commandId ? { state, effects: [] } : undefined,
  'turn/interrupt:done': interrupted,
  'needs-input': (state, event, isShown) => shown({ ...state, needsInput: true }, event, isShown),
};

function shown(state: ChatState, event: EventRecord, isShown: boolean): Step {
  return { state, effects: isShown ? [] : [{ do: 'show', event }] };
}

function userMessage(state: ChatState, event: EventRecord, isShown: boolean): Step {
  const at = state.echoed.findIndex((text) => text === String(event.payload.text).trimEnd());
  if (at === -1) return shown(state, event, isShown);
  return { state: { ...state, echoed: state.echoed.toSpliced(at, 1) }, effects: [] };
}

/** Our turn is taken up: the proof that it arrived. */
function turnStarted(before: ChatState, event: EventRecord): Step {
  const { runId, seq } = event;
  const commandId = String(event.payload.commandId);
  const own = before.sent.find((entry) => entry.commandId === commandId);
  const state: ChatState = {
    ...before,
    live: { runId, commandId },
    waiting: before.waiting.filter((turn) => turn.commandId !== commandId),
    sent: before.sent.filter((entry) => entry !== own),
    outcome: null,
    needsInput: false,
  };
  if (own === undefined) return { state: keepEarly(state, event), effects: [] };
  return { state, effects: [delivered(before, own, seq)] };
}

function steerDelivered(before: ChatState, event: EventRecord, isShown: boolean): Step {
  const own = before.sent.find(({ commandId }) => commandId === event.payload.commandId);
  if (own === undefined) {
    // Ours, should the manager's answer be on its way; else it is told as another's.
    if (before.sending.length > 0) return { state: keepEarly(before, event), effects: [] };
    return shown(mayBeOurs(before) ? keepEarly(before, event) : before, event, isShown);
  }
  const sent = before.sent.filter((entry) => entry !== own);
  return { state: { ...before, sent }, effects: [delivered(before, own, event.seq)] };
}

function commandEnded(before: ChatState, event: EventRecord, isShown: boolean): Step {
  const { commandId, commandType, supersededBy } = event.payload;
  const own = before.sent.find((entry) => entry.commandId === commandId);
  if (commandType === 'turn') return turnEnded(before, event, isShown);
  if (own === undefined) {
    const isOurs = commandType === 'steer' && mayBeOurs(before);
    return { state: isOurs ? keepEarly(before, event) : before, effects: [] };
  }
  const sent = before.sent.filter((entry) => entry !== own);
  if (typeof supersededBy !== 'string') {
    const text = `✕ not delivered${excerpt(before, own.text)}`;
    return { state: { ...before, sent }, effects: [{ do: 'say', tone: 'bad', text }] };
  }
  const next: Sent = { commandId: supersededBy, kind: 'turn', text: own.text };
  const text = `! turn ended: sent as the next turn${excerpt(before, own.text)}`;
  const waiting = [...before.waiting, { runId: event.runId, commandId: supersededBy }];
  return { state: { ...before, sent: [...sent, next], waiting }, effects: [{ do: 'say', tone: 'warn', text }] };
}

function turnEnded(before: ChatState, event: EventRecord, isShown: boolean): Step {
  const { commandId, terminalStatus } = event.payload;
  const isOf = (turn: { commandId: string } | null) => turn?.commandId === commandId;
  const status = typeof terminalStatus === 'string' && isTerminalStatus(terminalStatus) ? terminalStatus : null;
  const waiting = before.waiting.filter((turn) => !isOf(turn));
  const state: ChatState = {
    ...before,
    live: isOf(before.live) ? null : before.live,
    waiting,
    sent: before.sent.filter((entry) => !isOf(entry)),
    interrupting: isOf(before.interrupting) ? null : before.interrupting,
    outcome: waiting.length === 0 ? status : null,
    needsInput: false,
  };
  const { effects } = shown(state, event, isShown);
  return {
    state: mayBeOurs(before) ? keepEarly(state, event) : state,
    effects: [...effects, { do: 'mark-read' }],
  };
}

/** Its turns go on with the next attempt. */
function attemptLost(before: ChatState, event: EventRecord, isShown: boolean): Step {
  const { live } = before;
  const waiting = live === null ? before.waiting : [live, ...before.waiting];
  return shown({ ...before, live: null, waiting, interrupting: null }, event, isShown);
}

function interrupted(before: ChatState, event: EventRecord, isShown: boolean): Step | undefined {
  if (before.interrupting === null || before.interrupting.commandId !== event.payload.turnCommandId) return undefined;
  if (isShown) return { state: { ...before, interrupting: null }, effects: [] };
  const text = `⊘ interrupted e${event.seq}`;
  return { state: { ...before, interrupting: null }, effects: [{ do: 'say', tone: 'warn', text }] };
}

function runEnded(before: ChatState, event: EventRecord, isShown: boolean): Step {
  const isOf = ({ runId }: { runId: string }) => runId === event.runId;
  const live = before.live !== null && isOf(before.live) ? null : before.live;
  const waiting = before.waiting.filter((turn) => !isOf(turn));
  return shown({ ...before, live, waiting, interrupting: live === null ? null : before.interrupting }, event, isShown);
}

/** Something of ours has no answer and may have arrived: what is told of an unknown command may be of it. */
function mayBeOurs({ sending, unsent }: ChatState): boolean {
  return sending.length > 0 || unsent.some(({ isInDoubt }) => isInDoubt);
}

function keepEarly(state: ChatState, event: EventRecord): ChatState {
  return { ...state, earlyProofs: [...state.earlyProofs, event].slice(-EARLY_PROOFS) };
}

function delivered(before: ChatState, { kind, text }: Sent, seq: number): ChatEffect {
  const what = kind === 'steer' ? 'delivered' : 'taken up';
  return { do: 'say', tone: 'good', text: `✓ ${what} e${seq}${excerpt(before, text)}` };
}

/** Which of several is meant; of one alone there is no doubt. */
export function excerpt({ sent, sending }: ChatState, text: string): string {
  return sent.length + sending.length > 1 ? `  ${cutTo(text.split('\n', 1)[0] ?? '', 40)}` : '';
}
