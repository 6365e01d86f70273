import { useMemo } from 'preact/hooks';
import type { SessionSummary } from '../../client/index.js';
import { askRun } from '../api/ask-run.js';
import { useConsole } from '../api/console-context.js';
import { sessionSource } from '../api/conversation-source.js';
import { useConversation } from '../api/use-conversation.js';
import { useKeys } from '../api/use-keys.js';
import { useMarkRead } from '../api/use-mark-read.js';
import { usePoll } from '../api/use-poll.js';
import { useRefreshOnNews } from '../api/use-refresh-on-news.js';
import type { ComposerMode } from '../components/composer.js';
import { ConversationView } from '../components/conversation-view.js';
import { Problem } from '../components/problem.js';
import { lastPromptOf } from '../model/commands.js';
import type { EventRef } from '../model/place.js';
import { livenessOf, SessionHead } from './session-head.js';
import { SessionRail } from './session-rail.js';

const POLL_MS = 3_000;

/** A conversation: its transcript as it grows, and where to say more. */
export function SessionPage({ id, at }: { readonly id: string; readonly at: EventRef | null }) {
  const { client, readerId, inbox } = useConsole();
  const source = useMemo(() => sessionSource(client, id), [client, id]);
  const conversation = useConversation(source);
  const session = usePoll(() => client.sessions.get(id, readerId), POLL_MS, [client, id]);
  const { data } = session;
  const runId = data?.activeRunId ?? data?.lastRunId ?? null;
  const asked = usePoll(async () => (runId === null ? null : askRun(client, runId)), POLL_MS, [client, runId]);
  const { run = null, commands = [] } = asked.data ?? {};
  useRefreshOnNews(conversation, [session.refresh, asked.refresh]);
  const marks = useMarkRead(data, () => {
    session.refresh();
    inbox.refresh();
  });
  useKeys({ u: marks.markUnread });
  if (data === undefined) {
    if (session.error !== undefined) return <Problem error={session.error} retry={session.refresh} />;
    return <p class="empty">Loading…</p>;
  }
  return (
    <div class="page page-conversation">
      <div class="page-main">
        <SessionHead
          session={data}
          polled={session}
          conversation={conversation}
          intervalMs={POLL_MS}
          onUnread={marks.markUnread}
          lastRun={run && { run, lastPrompt: lastPromptOf(commands) }}
        />
        <ConversationView
          conversation={conversation}
          ofRun={false}
          at={at}
          commands={commands}
          mode={modeOf(data)}
          onRead={marks.onSeen}
        />
      </div>
      <SessionRail session={data} liveness={livenessOf(data)} conversation={conversation} />
    </div>
  );
}

/** What the send will be: the manager decides, and the chip says what it decided. */
function modeOf({ attentionState, executionState }: SessionSummary): ComposerMode {
  if (attentionState === 'needs-input') return 'answer';
  if (executionState === 'running') return 'steer';
  return executionState === 'pending' ? 'next-turn' : 'send';
}
