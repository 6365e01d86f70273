import type { SessionSent } from '../../contract/session-send.js';
import type { SessionSummary } from '../../contract/session.js';
import { assertNever } from '../../domain/assert-never.js';
import type { ChatEffect, ChatInput, ChatState, SendFailure, Step } from './chat-state.js';
import { pressKey, escapeIsOver } from './key-step.js';
import { draftOf } from '../terminal/draft.js';
import { excerpt, seeEvent } from './event-step.js';

/** Pure: what an input makes of the chat, and what is to be done about it. */
export function chatStep(state: ChatState, input: ChatInput): Step {
  switch (input.type) {
    case 'session':
      return { state: ofSession(state, input.session), effects: [] };
    case 'key':
      return pressKey(state, input.key, input.atMs);
    case 'event':
      return seeEvent(state, input.event);
    case 'sent':
      return accepted(state, input.sendId, input.answer);
    case 'send-failed':
      return notSent(state, input);
    case 'send-lost':
      return { state: sentAgain(state, input.sendId, input.why), effects: [] };
    case 'interrupt-failed':
      return {
        state: { ...state, interrupting: null },
        effects: [{ do: 'say', tone: 'bad', text: `✕ not interrupted: ${input.message}` }],
      };
    case 'connection':
      return { state: { ...state, isLost: input.isLost }, effects: [] };
    case 'time':
      return { state: escapeIsOver(state, input.atMs) ? { ...state, escapeAtMs: null } : state, effects: [] };
    default:
      return assertNever(input);
  }
}

/** Where the session stood when we came. */
function ofSession(state: ChatState, session: SessionSummary | undefined): ChatState {
  if (session === undefined) return { ...state, isNew: true };
  const { executionState, activeRunId: runId, activeCommandId: commandId, terminalStatus } = session;
  const turn = runId === null || commandId === null ? null : { runId, commandId };
  return {
    ...state,
    isNew: false,
    live: executionState === 'running' ? turn : null,
    waiting: executionState === 'pending' && turn !== null ? [turn] : [],
    outcome: turn === null ? terminalStatus : null,
  };
}

/** The manager has it: what it decided is told where it is not what the prompt said. */
function accepted(before: ChatState, sendId: number, { decision, command, run }: SessionSent): Step {
  const sending = before.sending.find((entry) => entry.sendId === sendId);
  const text = sending?.text ?? '';
  const sent = { commandId: command.id, kind: decision, text };
  const turn = { runId: run.id, commandId: command.id };
  const state: ChatState = {
    ...before,
    isNew: false,
    sending: before.sending.filter((entry) => entry !== sending),
    sent: [...before.sent, sent],
    waiting: decision === 'turn' ? [...before.waiting, turn] : before.waiting,
    earlyProofs: before.earlyProofs.filter(({ payload }) => payload.commandId !== command.id),
  };
  const isLate = decision === 'turn' && sending?.label === 'steer ›';
  const queued: ChatEffect = isLate
    ? { do: 'say', tone: 'warn', text: `! turn ended: sent as the next turn${excerpt(state, text)}` }
    : { do: 'say', tone: 'quiet', text: `◷ queued${excerpt(state, text)}` };
  const proofs = before.earlyProofs.filter(({ payload }) => payload.commandId === command.id);
  return proofs.reduce<Step>(
    (step, event) => {
      const { state: next, effects } = seeEvent(step.state, event, { isShown: true });
      return { state: next, effects: [...step.effects, ...effects] };
    },
    // Where the proof is here already, that it was queued is no news.
    { state, effects: proofs.length > 0 && !isLate ? [] : [queued] },
  );
}

function sentAgain(before: ChatState, sendId: number, why: string): ChatState {
  const sending = before.sending.map((entry) => (entry.sendId === sendId ? { ...entry, trouble: why } : entry));
  return { ...before, sending };
}

/** Nothing that was typed is lost: it is the draft again, or the last thing that Up brings back. */
function notSent(before: ChatState, { sendId, key, message, isRefused, isInDoubt: isNewlyInDoubt }: SendFailure): Step {
  const sending = before.sending.find((entry) => entry.sendId === sendId);
  const text = sending?.text ?? '';
  const isInDoubt = isNewlyInDoubt || sending?.isInDoubt === true;
  const isFree = before.draft.characters.length === 0;
  const state: ChatState = {
    ...before,
    sending: before.sending.filter((entry) => entry !== sending),
    unsent: isRefused && !isInDoubt ? before.unsent : [...before.unsent, { text, key, isInDoubt }],
    echoed: before.echoed.filter((echo) => echo !== text),
    draft: isFree ? draftOf(text) : before.draft,
  };
  const where = isFree ? '' : ' (Up brings it back)';
  const say: ChatEffect = isInDoubt
    ? { do: 'say', tone: 'warn', text: `! not known whether it was sent: ${message}${where}` }
    : { do: 'say', tone: 'bad', text: `✕ not sent: ${message}${where}` };
  return { state, effects: [say] };
}
