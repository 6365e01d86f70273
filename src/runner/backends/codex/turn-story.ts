import type { AgentEvent, TurnOutcome } from '../backend.js';
import { CommandOutput } from './command-output.js';
import { diffSummary } from '../diff-summary.js';
import { eventsAtEnd, eventsAtStart, userText } from './item-events.js';
import type { Notification, ThreadItem, ThreadTokenUsage, TurnError } from './protocol.js';
import type { ThreadUsage } from './token-usage.js';

export interface TurnFacts {
  readonly commandId: string;
  readonly threadId: string;
  readonly turnId: string;
}

export interface TurnStoryOptions {
  readonly usage: ThreadUsage;
  /** An error of codex's in our words. */
  readonly failure: (error: TurnError) => Pick<TurnOutcome, 'failureKind' | 'message'>;
  /** Where the provider is and what it answered last, as the runner saw it. */
  readonly providerFacts: () => Readonly<Record<string, unknown>>;
  /** Cuts credentials out of words from outside. */
  readonly redact: (text: string) => string;
  /** Whose words the prompt is, where they are not the command's. */
  readonly promptOrigin?: string | undefined;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
}

/** A turn of many small edits would tell its whole diff with each of them. */
const DIFF_EVERY_MS = 10_000;

type Params = Notification['params'];

interface PlanStep {
  readonly step: string;
  readonly status: string;
}

const STEP_STATUS: Readonly<Record<string, string>> = { inProgress: 'in_progress' };
const STEP_MARK: Readonly<Record<string, string>> = { completed: '[x]', inProgress: '[~]', pending: '[ ]' };

/** What codex tells of one turn, as our events. Keeps what spans several notifications; does nothing else. */
export class TurnStory {
  readonly #open = new Map<string, ThreadItem>();
  readonly #outputs = new Map<string, CommandOutput>();
  #diff = '';
  #toldDiff = '';
  #toldDiffAtMs = -Infinity;
  #wasInterrupted = false;
  #toldError: string | null = null;

  constructor(
    private readonly facts: TurnFacts,
    private readonly options: TurnStoryOptions,
  ) {}

  /** Whether something of the turn still runs: a command may outlive it. */
  get hasOpenItems(): boolean {
    return this.#open.size > 0;
  }

  /** The last error that was told as final. */
  get toldError(): string | null {
    return this.#toldError;
  }

  take({ method, params }: Notification): AgentEvent[] {
    return (this.#taken(method, params) ?? []).map((event) => this.#complete(event));
  }

  /** From here on what ends as failed was ended by us. */
  interrupt(): void {
    this.#wasInterrupted = true;
  }

  /** What is left to tell when the turn is over; `isDead` tells that nothing more will come. */
  end({ isDead }: { isDead: boolean }): AgentEvent[] {
    const events = this.#lastDiff();
    if (isDead || this.#wasInterrupted) {
      for (const item of this.#open.values()) events.push(...eventsAtStart(item).map(asCancelled));
      this.#open.clear();
    }
    return events.map((event) => this.#complete(event));
  }

  #taken(method: string, params: Params): AgentEvent[] | undefined {
    switch (method) {
      case 'item/started':
        return this.#started(params['item'] as ThreadItem);
      case 'item/completed':
        return this.#completed(params['item'] as ThreadItem);
      case 'item/agentMessage/delta':
        return piece('assistant_message', params);
      case 'item/plan/delta':
        return piece('plan', params);
      case 'item/reasoning/summaryTextDelta':
      case 'item/reasoning/textDelta':
        return piece('reasoning', params);
      case 'item/reasoning/summaryPartAdded':
        return params['summaryIndex'] === 0 ? [] : piece('reasoning', { ...params, delta: '\n\n' });
      case 'item/commandExecution/outputDelta':
        return [this.#outputOf(String(params['itemId'])).piece(String(params['delta']))];
      case 'turn/diff/updated':
        this.#diff = String(params['diff']);
        return [];
      case 'turn/plan/updated':
        return [planEvent(params)];
      case 'thread/tokenUsage/updated':
        return this.#usage(params['tokenUsage'] as ThreadTokenUsage);
      case 'error':
        return [this.#error(params['error'] as TurnError, params['willRetry'] === true)];
      case 'model/rerouted':
        return [reroutedEvent(params)];
      default:
        return undefined;
    }
  }

  #started(item: ThreadItem): AgentEvent[] {
    if (item.type === 'userMessage') {
      // Whoever sent it knows it by this id: the turn's command, or a steer.
      const commandId = item.clientId ?? this.facts.commandId;
      const { promptOrigin } = this.options;
      const origin = promptOrigin && commandId === this.facts.commandId ? { origin: promptOrigin } : {};
      const isSteer = commandId === this.facts.commandId ? {} : { isSteer: true };
      const payload = { text: userText(item), itemId: item.id, commandId, ...isSteer, ...origin };
      return [{ type: 'user_message', payload }];
    }
    const events = eventsAtStart(item);
    if (events.length > 0) this.#open.set(item.id, item);
    return events;
  }

  #completed(item: ThreadItem): AgentEvent[] {
    if (item.type === 'userMessage') return [];
    // Some are told of only when they are over.
    const begin =
      item.type === 'commandExecution' && !this.#open.has(item.id)
        ? this.#started({ ...item, status: 'inProgress' })
        : [];
    this.#open.delete(item.id);
    const output = item.type === 'commandExecution' ? this.#outputOf(item.id).rest(item) : [];
    this.#outputs.delete(item.id);
    const end = eventsAtEnd(item);
    const isOurs = this.#wasInterrupted && item.status === 'failed';
    return [...begin, ...output, ...(isOurs ? end.map(asCancelled) : end), ...this.#newDiff()];
  }

  #outputOf(itemId: string): CommandOutput {
    const known = this.#outputs.get(itemId) ?? new CommandOutput(itemId);
    this.#outputs.set(itemId, known);
    return known;
  }

  #newDiff(): AgentEvent[] {
    const nowMs = this.options.nowMs?.() ?? performance.now();
    if (this.#diff === this.#toldDiff || nowMs - this.#toldDiffAtMs < DIFF_EVERY_MS) return [];
    this.#toldDiffAtMs = nowMs;
    return this.#lastDiff();
  }

  #lastDiff(): AgentEvent[] {
    if (this.#diff === this.#toldDiff) return [];
    this.#toldDiff = this.#diff;
    return [{ type: 'diff', payload: { diff: this.#diff, summary: diffSummary(this.#diff) } }];
  }

  #usage(usage: ThreadTokenUsage): AgentEvent[] {
    const event = this.options.usage.event(usage);
    return event ? [event] : [];
  }

  #error(error: TurnError, willRetry: boolean): AgentEvent {
    const { redact, failure } = this.options;
    const { failureKind, message } = failure(error);
    if (!willRetry) this.#toldError = message;
    const { codexErrorInfo, additionalDetails } = error;
    const details = additionalDetails ? { details: redact(additionalDetails) } : {};
    const provider = this.options.providerFacts();
    return { type: 'error', payload: { message, willRetry, failureKind, codexErrorInfo, ...provider, ...details } };
  }

  #complete(event: AgentEvent): AgentEvent {
    return { ...event, payload: { ...this.facts, ...event.payload } };
  }
}

function piece(type: AgentEvent['type'], params: Params): AgentEvent[] {
  const payload = { text: String(params['delta']), itemId: params['itemId'], status: 'in_progress' };
  return [{ type, payload, flowing: true }];
}

function planEvent(params: Params): AgentEvent {
  const steps = params['plan'] as PlanStep[];
  const explanation = typeof params['explanation'] === 'string' ? [params['explanation']] : [];
  const lines = steps.map(({ step, status }) => `${STEP_MARK[status] ?? '[ ]'} ${step}`);
  const plan = steps.map(({ step, status }) => ({ step, status: STEP_STATUS[status] ?? status }));
  return { type: 'plan', payload: { text: [...explanation, ...lines].join('\n'), plan } };
}

function reroutedEvent({ fromModel, toModel, reason }: Params): AgentEvent {
  const message = `the provider answered with the model ${String(toModel)} in place of ${String(fromModel)}`;
  return { type: 'backend_status', payload: { phase: 'model/rerouted', message, fromModel, toModel, reason } };
}

function asCancelled(event: AgentEvent): AgentEvent {
  return event.type === 'tool_call' ? { ...event, payload: { ...event.payload, status: 'cancelled' } } : event;
}
