import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Liveness, SessionSummary } from '../../client/index.js';
import { useConsole } from '../api/console-context.js';
import { sessionSource } from '../api/conversation-source.js';
import { useConversation } from '../api/use-conversation.js';
import { usePoll } from '../api/use-poll.js';
import { useRefreshOnNews } from '../api/use-refresh-on-news.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import type { ComposerMode } from '../components/composer.js';
import { ConnectionPill } from '../components/connection-pill.js';
import { ConversationView } from '../components/conversation-view.js';
import { CopyMenu } from '../components/copy-menu.js';
import { InterruptButton } from '../components/interrupt-button.js';
import { AsOf, PageHead } from '../components/page-head.js';
import { Problem } from '../components/problem.js';
import { TemporalLink } from '../components/temporal-link.js';
import { sessionWhy } from '../model/attention-words.js';
import { cliFor } from '../model/cli-words.js';
import { sessionTitle } from '../model/inbox-rows.js';
import type { EventRef } from '../model/place.js';
import { sessionLook } from '../model/status-look.js';
import { oneLine } from '../model/times.js';
import { SessionRail } from './session-rail.js';

const POLL_MS = 3_000;

/** A conversation: its transcript as it grows, and where to say more. */
export function SessionPage({ id, at }: { readonly id: string; readonly at: EventRef | null }) {
  const { client, readerId, inbox } = useConsole();
  const source = useMemo(() => sessionSource(client, id), [client, id]);
  const conversation = useConversation(source);
  const session = usePoll(() => client.sessions.get(id, readerId), POLL_MS, [client, id]);
  const runId = session.data?.activeRunId ?? session.data?.lastRunId ?? null;
  const commands = usePoll(
    async () => (runId === null ? [] : (await client.runs.commands(runId, { limit: 500 })).items),
    POLL_MS,
    [client, runId],
  );
  useRefreshOnNews(conversation, [session.refresh, commands.refresh]);
  const onRead = useMarkRead(session.data, () => {
    session.refresh();
    inbox.refresh();
  });
  const [isCancelling, setCancelling] = useState(false);
  const { data } = session;
  if (data === undefined)
    return session.error === undefined ? (
      <p class="empty">Loading…</p>
    ) : (
      <Problem error={session.error} retry={session.refresh} />
    );
  const question = data.attentionState === 'needs-input' ? questionOf(data) : null;
  return (
    <div class="page page-conversation">
      <div class="page-main">
        <PageHead
          title={sessionTitle(data)}
          look={sessionLook(data)}
          why={whyOf(data)}
          pills={
            <>
              <ConnectionPill connection={conversation.connection} />
              <AsOf polled={session} intervalMs={POLL_MS} />
            </>
          }
          actions={
            <>
              {data.activeRunId !== null && data.executionState === 'running' && (
                <InterruptButton runId={data.activeRunId} conversation={conversation} />
              )}
              {data.activeRunId !== null && (
                <button type="button" onClick={() => setCancelling(true)}>
                  Cancel…
                </button>
              )}
              <CopyMenu commands={cliFor({ page: 'session', id, at: null })} />
              <TemporalLink workflowId={`session:${id}`} />
            </>
          }
        />
        {question !== null && (
          <div class="question" role="note">
            <span class="tone-needs-you" aria-hidden="true">
              ◆{' '}
            </span>
            {question}
          </div>
        )}
        <ConversationView
          conversation={conversation}
          ofRun={false}
          at={at}
          commands={commands.data ?? []}
          mode={modeOf(data)}
          onRead={onRead}
        />
      </div>
      <SessionRail session={data} liveness={livenessOf(data)} conversation={conversation} />
      {isCancelling && (
        <ConfirmDialog
          title="Cancel the work of this session?"
          words={
            data.activeCommandId === null
              ? `The run ${data.activeRunId ?? ''} ends.`
              : 'The command that runs now ends; the run stays open for further turns until it idles out.'
          }
          action="Cancel it"
          onConfirm={() =>
            void client.sessions
              .control(id, { action: 'cancel', reason: 'cancelled in the console' })
              .catch(() => undefined)
              .then(session.refresh)
          }
          onClose={() => setCancelling(false)}
        />
      )}
    </div>
  );
}

function livenessOf({ liveness }: SessionSummary): Liveness | null {
  return liveness === null || 'message' in liveness ? null : liveness;
}

function whyOf(session: SessionSummary): string {
  const activity = livenessOf(session)?.lastActivity;
  const why = sessionWhy(session);
  return session.active && activity != null ? `${why}: ${oneLine(activity.summary)}` : why;
}

function questionOf({ supervisor }: SessionSummary): string {
  const activity = 'message' in supervisor ? null : supervisor.lastActivity;
  return activity !== null ? oneLine(activity.summary) : 'The agent waits for an answer.';
}

/** What the send will be: the manager decides, and the chip says what it decided. */
function modeOf({ attentionState, executionState }: SessionSummary): ComposerMode {
  if (attentionState === 'needs-input') return 'answer';
  if (executionState === 'running') return 'steer';
  return executionState === 'pending' ? 'next-turn' : 'send';
}

/** Marks as read what somebody sees; once for each time that something is unread. */
function useMarkRead(session: SessionSummary | undefined, onMarked: () => void): () => void {
  const { client, readerId } = useConsole();
  const isSeen = useRef(false);
  const markedAt = useRef('');
  const isWorth = session !== undefined && session.unread && !session.active;
  const mark = () => {
    if (session === undefined || !isWorth || markedAt.current === session.lastActivityAt) return;
    markedAt.current = session.lastActivityAt;
    void client.sessions.markRead(session.sessionId, readerId).then(onMarked, () => (markedAt.current = ''));
  };
  useEffect(() => {
    const onFocus = () => isSeen.current && mark();
    if (isSeen.current && document.hasFocus()) mark();
    window.addEventListener('focus', onFocus);
    return () => window.removeEventListener('focus', onFocus);
  });
  return () => {
    isSeen.current = true;
    mark();
  };
}
