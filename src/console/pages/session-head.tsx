import { useState } from 'preact/hooks';
import type { Liveness, RunRecord, SessionSummary } from '../../client/index.js';
import { useConsole } from '../api/console-context.js';
import type { Conversation } from '../api/conversation.js';
import type { Polled } from '../api/use-poll.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { ConnectionPill } from '../components/connection-pill.js';
import { CopyMenu } from '../components/copy-menu.js';
import { InterruptButton } from '../components/interrupt-button.js';
import { AsOf, PageHead } from '../components/page-head.js';
import { NeedsPerson } from '../components/needs-person.js';
import { TemporalLink } from '../components/temporal-link.js';
import { sessionWhy } from '../model/attention-words.js';
import { cliFor } from '../model/cli-words.js';
import { sessionTitle } from '../model/inbox-rows.js';
import { sessionLook } from '../model/status-look.js';
import { oneLine, plainLine } from '../model/times.js';

interface SessionHeadProps {
  readonly session: SessionSummary;
  readonly polled: Polled<SessionSummary>;
  readonly conversation: Conversation;
  readonly intervalMs: number;
  readonly onUnread: () => void;
  /** Its last run, and what that was told last; null until it is known. */
  readonly lastRun: { readonly run: RunRecord; readonly lastPrompt: string } | null;
}

export function SessionHead({ session, polled, conversation, intervalMs, onUnread, lastRun }: SessionHeadProps) {
  const [isCancelling, setCancelling] = useState(false);
  const { sessionId: id, activeRunId, executionState } = session;
  return (
    <>
      <PageHead
        title={sessionTitle(session)}
        look={sessionLook(session)}
        why={whyOf(session)}
        pills={
          <>
            <ConnectionPill connection={conversation.connection} />
            <AsOf polled={polled} intervalMs={intervalMs} />
          </>
        }
        actions={
          <>
            {activeRunId !== null && executionState === 'running' && (
              <InterruptButton
                runId={activeRunId}
                turnCommandId={session.activeCommandId ?? undefined}
                conversation={conversation}
              />
            )}
            {activeRunId !== null && (
              <button type="button" onClick={() => setCancelling(true)}>
                Cancel…
              </button>
            )}
            {!session.active && !session.unread && (
              <button type="button" onClick={onUnread}>
                Mark unread
              </button>
            )}
            <CopyMenu commands={cliFor({ page: 'session', id, at: null })} />
            <TemporalLink workflowId={`session:${id}`} />
          </>
        }
      />
      <NeedsPerson
        words={session.attentionState === 'needs-input' ? questionOf(session) : undefined}
        actions={actionsOf(session)}
        run={lastRun?.run ?? null}
        lastPrompt={lastRun?.lastPrompt ?? ''}
        onDone={polled.refresh}
      />
      {isCancelling && <CancelDialog session={session} onDone={polled.refresh} onClose={() => setCancelling(false)} />}
    </>
  );
}

interface CancelDialogProps {
  readonly session: SessionSummary;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

function CancelDialog({ session, onDone, onClose }: CancelDialogProps) {
  const { client } = useConsole();
  const { sessionId, activeCommandId, activeRunId } = session;
  const cancel = () => client.sessions.control(sessionId, { action: 'cancel', reason: 'cancelled in the console' });
  return (
    <ConfirmDialog
      title="Cancel the work of this session?"
      words={
        activeCommandId === null
          ? `The run ${activeRunId ?? ''} ends.`
          : 'The command that runs now ends; the run stays open for further turns until it idles out.'
      }
      action="Cancel it"
      onConfirm={cancel}
      onDone={onDone}
      onClose={onClose}
    />
  );
}

export function livenessOf({ liveness }: SessionSummary): Liveness | null {
  return liveness === null || 'message' in liveness ? null : liveness;
}

function whyOf(session: SessionSummary): string {
  const activity = livenessOf(session)?.lastActivity ?? null;
  const why = sessionWhy(session);
  return session.active && activity !== null && activity.type !== 'backend_status'
    ? `${why}: ${plainLine(activity.summary)}`
    : why;
}

function actionsOf({ supervisor }: SessionSummary) {
  return 'message' in supervisor ? [] : supervisor.recoveryActions;
}

function questionOf(session: SessionSummary): string {
  const asked = actionsOf(session).find(({ action }) => action === 'answer-input')?.reasonHint;
  return asked === undefined ? 'The agent waits for an answer.' : oneLine(asked);
}
