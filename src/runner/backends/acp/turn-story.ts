import type { PromptResponse, SessionUpdate } from '@agentclientprotocol/sdk';
import type { RunFailureKind } from '../../../domain/failure-kinds.js';
import type { AgentEvent } from '../backend.js';
import { CodexWords } from './codex-words.js';
import { FlowingText } from './flowing-text.js';
import { ToolCallStory } from './tool-call.js';
import { TurnUsage } from './turn-usage.js';

export interface TurnFacts {
  readonly commandId: string;
  readonly threadId: string;
}

type PlanEntries = (SessionUpdate & { sessionUpdate: 'plan' })['entries'];

const STEP_MARK: Readonly<Record<string, string>> = { completed: '[x]', in_progress: '[~]', pending: '[ ]' };

/** What the agent tells of one turn, as our events. Keeps what spans several updates; does nothing else. */
export class TurnStory {
  readonly #text: FlowingText;
  readonly #calls = new Map<string, ToolCallStory>();
  readonly #usage = new TurnUsage();
  readonly #codex = new CodexWords();
  #lastSaid = '';

  constructor(
    private readonly facts: TurnFacts,
    private readonly workspaceDir: string,
  ) {
    this.#text = new FlowingText(facts.commandId);
  }

  /** Whether a call of the turn still runs: it may outlive it. */
  get hasOpenCalls(): boolean {
    return [...this.#calls.values()].some((call) => !call.isOver);
  }

  /** What the agent tells beside the protocol of a turn that failed; undefined where it does not. */
  get failure(): { failureKind: RunFailureKind; message: string } | undefined {
    const { failureKind } = this.#codex;
    return failureKind && { failureKind, message: this.#lastSaid.trim() || 'the agent gave no reason' };
  }

  take(update: SessionUpdate): AgentEvent[] {
    const wasWhole = this.failure === undefined;
    this.#codex.take(update);
    // What is said from then on is the reason.
    const ended = wasWhole && this.failure ? this.#ended() : [];
    return [...ended, ...this.#taken(update)].map((event) => this.#complete(event));
  }

  /** Of a turn that is over, what a call that outlives it tells; nothing else belongs to it any more. */
  takeLate(update: SessionUpdate): AgentEvent[] {
    if (update.sessionUpdate !== 'tool_call_update') return [];
    const call = this.#calls.get(update.toolCallId);
    if (!call || call.isOver) return [];
    return call.take(update).map((event) => this.#complete(event));
  }

  /** What is left to tell when the turn is over. `isCut`: it did not come to its own end, and nothing of it goes on. */
  end(response: PromptResponse | null, { isCut }: { isCut: boolean }): AgentEvent[] {
    const calls = isCut ? [...this.#calls.values()].filter((call) => !call.isOver) : [];
    if (isCut) this.#calls.clear();
    const events = [
      ...this.#ended(isCut ? 'cancelled' : 'completed'),
      ...calls.flatMap((call) => call.cancelled()),
      ...this.#usage.end(response),
    ];
    return events.map((event) => this.#complete(event));
  }

  #taken(update: SessionUpdate): AgentEvent[] {
    switch (update.sessionUpdate) {
      case 'agent_message_chunk':
        return this.#kept(this.#text.piece('assistant_message', update));
      case 'agent_thought_chunk':
        return this.#kept(this.#text.piece('reasoning', update));
      case 'tool_call':
      case 'tool_call_update':
        return [...this.#ended(), ...this.#call(update)];
      case 'plan':
        return [...this.#ended(), planEvent(update.entries)];
      case 'usage_update':
        return this.#usage.take(update);
      case 'current_mode_update':
      case 'compaction_update':
      case 'notice':
        return statusOf(update);
      // What the agent could be asked for, and its echo of what it was told.
      case 'available_commands_update':
      case 'compaction_summary_chunk':
      case 'config_option_update':
      case 'session_info_update':
      case 'user_message_chunk':
        return [];
    }
    // Of a later version of the protocol.
    return [];
  }

  #call(update: SessionUpdate & { sessionUpdate: 'tool_call' | 'tool_call_update' }): AgentEvent[] {
    const { sessionUpdate: _, ...call } = update;
    const known = this.#calls.get(call.toolCallId) ?? new ToolCallStory(call, this.workspaceDir);
    this.#calls.set(call.toolCallId, known);
    return known.take(call);
  }

  #ended(status?: 'completed' | 'cancelled'): AgentEvent[] {
    return this.#kept(this.#text.end(status));
  }

  #kept(events: AgentEvent[]): AgentEvent[] {
    for (const { type, payload } of events) {
      if (type === 'assistant_message' && payload['status'] !== 'in_progress') this.#lastSaid = String(payload['text']);
    }
    return events;
  }

  #complete(event: AgentEvent): AgentEvent {
    return { ...event, payload: { ...this.facts, ...event.payload } };
  }
}

type StatusUpdate = SessionUpdate & { sessionUpdate: 'current_mode_update' | 'compaction_update' | 'notice' };

function statusOf(update: StatusUpdate): AgentEvent[] {
  const status = (payload: Record<string, unknown>): AgentEvent[] => [{ type: 'backend_status', payload }];
  switch (update.sessionUpdate) {
    case 'current_mode_update':
      return status({ phase: 'mode/changed', mode: update.currentModeId });
    case 'compaction_update':
      return update.status === 'completed' ? status({ phase: 'context/compacted', itemId: update.compactionId }) : [];
    case 'notice': {
      const { severity, title, description } = update;
      return status({
        phase: severity === 'info' ? 'notice' : 'warning',
        message: [title, description].filter(Boolean).join(': '),
      });
    }
  }
}

function planEvent(entries: PlanEntries): AgentEvent {
  const text = entries.map(({ content, status }) => `${STEP_MARK[status] ?? '[ ]'} ${content}`).join('\n');
  const plan = entries.map(({ content, status, priority }) => ({ step: content, status, priority }));
  return { type: 'plan', payload: { text, plan } };
}
