import type { PromptResponse, UsageUpdate } from '@agentclientprotocol/sdk';
import type { AgentEvent } from '../backend.js';

/** The protocol's draft of what an answer counts; agents tell it already. */
interface Usage {
  readonly totalTokens?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly thoughtTokens?: number | null;
  readonly cachedReadTokens?: number | null;
  readonly cachedWriteTokens?: number | null;
}

type Payload = Readonly<Record<string, unknown>>;

/**
 * What a turn used, as far as the agent tells: how full its context is, and at the end the tokens that it counted. Whether
 * these are of the turn or of the whole thread is the agent's own, since the protocol's draft and its agents differ there.
 */
export class TurnUsage {
  #context: Payload = {};
  #told = '';

  take({ used, size, cost }: UsageUpdate): AgentEvent[] {
    this.#context = {
      contextTokens: used,
      modelContextWindow: size,
      ...(cost ? { cost: { amount: cost.amount, currency: cost.currency } } : {}),
    };
    return this.#tell(this.#context);
  }

  end(response: PromptResponse | null): AgentEvent[] {
    const usage = (response as { usage?: Usage | null } | null)?.usage;
    return usage ? this.#tell({ usage: countsOf(usage), ...this.#context }) : [];
  }

  #tell(payload: Payload): AgentEvent[] {
    const words = JSON.stringify(payload);
    if (words === this.#told) return [];
    this.#told = words;
    return [{ type: 'token_usage', payload }];
  }
}

function countsOf(usage: Usage): Payload {
  const counts = {
    totalTokens: usage.totalTokens,
    inputTokens: usage.inputTokens,
    cachedInputTokens: usage.cachedReadTokens,
    cacheWriteInputTokens: usage.cachedWriteTokens,
    outputTokens: usage.outputTokens,
    reasoningOutputTokens: usage.thoughtTokens,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => typeof count === 'number'));
}
