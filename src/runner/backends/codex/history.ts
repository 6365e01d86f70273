import type { AppServer } from './app-server.js';
import type { CodexTurnRecord, ThreadItem } from './protocol.js';

/** What a resumed thread knows of a command that an earlier runner may have sent. */
export interface KnownTurn {
  /** The newest: one that was cut off is gone on with in another. */
  readonly turn: CodexTurnRecord;
  /** Of all that was said to it, in all that it took: the prompt's, and each steer's. */
  readonly clientIds: readonly string[];
}

interface Page {
  readonly data: readonly CodexTurnRecord[];
  readonly nextCursor?: unknown;
}

const PAGE = 20;

/**
 * The turn that a command's prompt began, with those that it went on in after a crash: they carry the same id, one after the other.
 * Undefined when the thread has none, so that it was never sent.
 */
export async function findTurn(server: AppServer, threadId: string, commandId: string): Promise<KnownTurn | undefined> {
  let known: KnownTurn | undefined;
  for await (const turn of newestFirst(server, threadId)) {
    const clientIds = turn.items.flatMap(clientIdOf);
    if (clientIds.includes(commandId))
      known = { turn: known?.turn ?? turn, clientIds: [...clientIds, ...(known?.clientIds ?? [])] };
    else if (known !== undefined) break;
  }
  return known;
}

async function* newestFirst(server: AppServer, threadId: string): AsyncGenerator<CodexTurnRecord> {
  let cursor: unknown = null;
  do {
    const asked = { threadId, cursor, limit: PAGE, sortDirection: 'desc', itemsView: 'full' };
    const page: Page = await server.request('thread/turns/list', asked);
    yield* page.data;
    cursor = page.nextCursor ?? null;
  } while (cursor !== null);
}

/** The item with the last thing that the agent said in a turn. */
export function lastMessage({ items }: CodexTurnRecord): ThreadItem | undefined {
  return items.findLast((item) => item.type === 'agentMessage' && item.text);
}

function clientIdOf(item: ThreadItem): string[] {
  return item.type === 'userMessage' && item.clientId ? [item.clientId] : [];
}
