import type { AppServer } from './app-server.js';
import type { CodexTurnRecord, ThreadItem } from './protocol.js';

/** What a resumed thread knows of a command that an earlier runner may have sent. */
export interface KnownTurn {
  readonly turn: CodexTurnRecord;
  /** Of all that was said to the turn: the prompt's, and each steer's. */
  readonly clientIds: readonly string[];
}

interface Page {
  readonly data: readonly CodexTurnRecord[];
  readonly nextCursor?: unknown;
}

const PAGE = 20;

/** The newest turn that a command's prompt began; undefined when the thread has none, so that it was never sent. */
export async function findTurn(server: AppServer, threadId: string, commandId: string): Promise<KnownTurn | undefined> {
  for (let cursor: unknown = null; ;) {
    const asked = { threadId, cursor, limit: PAGE, sortDirection: 'desc', itemsView: 'full' };
    const page: Page = await server.request('thread/turns/list', asked);
    for (const turn of page.data) {
      const clientIds = turn.items.flatMap(clientIdOf);
      if (clientIds.includes(commandId)) return { turn, clientIds };
    }
    cursor = page.nextCursor ?? null;
    if (cursor === null) return undefined;
  }
}

/** The item with the last thing that the agent said in a turn. */
export function lastMessage({ items }: CodexTurnRecord): ThreadItem | undefined {
  return items.findLast((item) => item.type === 'agentMessage' && item.text);
}

function clientIdOf(item: ThreadItem): string[] {
  return item.type === 'userMessage' && item.clientId ? [item.clientId] : [];
}
