import type { SessionUpdate } from '@agentclientprotocol/sdk';
import type { RunFailureKind } from '../../../domain/failure-kinds.js';
import { failureKindOf } from '../codex/failure.js';
import type { CodexErrorInfo } from '../codex/protocol.js';

/**
 * What the adapter of codex tells beside the protocol. It ends a turn whose provider failed as any other; that it failed is
 * in its thread's status alone.
 */
export class CodexWords {
  #info: CodexErrorInfo | null = null;
  #isBroken = false;

  take(update: SessionUpdate): void {
    const codex = update._meta?.['codex'] as {
      threadStatus?: { type?: unknown };
      error?: { codexErrorInfo?: unknown };
    };
    this.#info = (codex?.error?.codexErrorInfo as CodexErrorInfo | null | undefined) ?? this.#info;
    if (codex?.threadStatus?.type !== undefined) this.#isBroken ||= codex.threadStatus.type === 'systemError';
  }

  /** Undefined where the turn did not fail, or the agent is another. */
  get failureKind(): RunFailureKind | undefined {
    return this.#isBroken ? failureKindOf(this.#info, null) : undefined;
  }
}
