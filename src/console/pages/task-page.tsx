import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { TaskDetail } from '../../client/index.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { useConsole } from '../api/console-context.js';
import { runSource } from '../api/conversation-source.js';
import { useConversation } from '../api/use-conversation.js';
import { useNow, usePoll, type Polled } from '../api/use-poll.js';
import { useRefreshOnNews } from '../api/use-refresh-on-news.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { ConnectionPill } from '../components/connection-pill.js';
import { ConversationView } from '../components/conversation-view.js';
import { CopyMenu } from '../components/copy-menu.js';
import { InterruptButton } from '../components/interrupt-button.js';
import { AsOf, PageHead } from '../components/page-head.js';
import { Problem } from '../components/problem.js';
import { TemporalLink } from '../components/temporal-link.js';
import { taskWhy } from '../model/attention-words.js';
import { cliFor } from '../model/cli-words.js';
import type { EventRef } from '../model/place.js';
import { taskLook } from '../model/status-look.js';
import { isTurnLive } from './run-page.js';
import { TaskRail } from './task-rail.js';

const POLL_MS = 2_000;

/** A task: what it is to do, why it is where it is, its attempts, and the newest one as it works. */
export function TaskPage({ id, at }: { readonly id: string; readonly at: EventRef | null }) {
  const { client, readerId } = useConsole();
  const task = usePoll(() => client.tasks.get(id, readerId), POLL_MS, [client, id]);
  const { data } = task;
  if (data === undefined)
    return task.error === undefined ? (
      <p class="empty">Loading…</p>
    ) : (
      <Problem error={task.error} retry={task.refresh} />
    );
  const runId = data.latestAttempt?.runId ?? null;
  if (runId === null) return <WaitingTask task={data} polled={task} />;
  return <WorkedTask key={runId} task={data} runId={runId} at={at} polled={task} />;
}

/** Before its first attempt there is nothing but the task. */
function WaitingTask({ task, polled }: { readonly task: TaskDetail; readonly polled: Polled<TaskDetail> }) {
  return (
    <div class="page page-conversation">
      <div class="page-main">
        <TaskHead task={task} polled={polled} />
        <div class="transcript-frame">
          <div class="transcript" tabIndex={0} aria-label="What it is to do">
            <div class="row row-user">
              <div class="row-body said">
                <span class="row-label">Prompt</span>
                <div class="said-text">{task.payload.prompt}</div>
              </div>
            </div>
            <p class="empty">{task.diagnosis}</p>
          </div>
        </div>
      </div>
      <TaskRail task={task} liveness={null} conversation={null} />
    </div>
  );
}

interface WorkedTaskProps {
  readonly task: TaskDetail;
  readonly runId: string;
  readonly at: EventRef | null;
  readonly polled: Polled<TaskDetail>;
}

function WorkedTask({ task, runId, at, polled }: WorkedTaskProps) {
  const { client, readerId, inbox } = useConsole();
  const source = useMemo(() => runSource(client, runId), [client, runId]);
  const conversation = useConversation(source);
  const result = usePoll(() => client.runs.result(runId), POLL_MS, [client, runId]);
  const commands = usePoll(async () => (await client.runs.commands(runId, { limit: 500 })).items, POLL_MS, [
    client,
    runId,
  ]);
  useRefreshOnNews(conversation, [polled.refresh, commands.refresh]);
  const isLive = task.state === 'running';
  const isRead = () => {
    if (!task.unread || isLive) return;
    void client.tasks.markRead(task.id, readerId).then(
      () => {
        polled.refresh();
        inbox.refresh();
      },
      () => undefined,
    );
  };
  useEffect(() => {
    if (document.hasFocus()) isRead();
  }, [task.unread, task.state]);
  const isTurn = isTurnLive(commands.data ?? []);
  return (
    <div class="page page-conversation">
      <div class="page-main">
        <TaskHead task={task} polled={polled} pills={<ConnectionPill connection={conversation.connection} />}>
          {isLive && isTurn && <InterruptButton runId={runId} conversation={conversation} />}
        </TaskHead>
        <ConversationView
          conversation={conversation}
          ofRun
          at={at}
          commands={commands.data ?? []}
          mode={isLive && isTurn ? 'steer' : null}
          onRead={isRead}
        />
      </div>
      <TaskRail task={task} liveness={result.data?.liveness ?? null} conversation={conversation} />
    </div>
  );
}

interface TaskHeadProps {
  readonly task: TaskDetail;
  readonly polled: Polled<TaskDetail>;
  readonly pills?: ComponentChildren;
  readonly children?: ComponentChildren;
}

function TaskHead({ task, polled, pills, children }: TaskHeadProps) {
  const { client, inbox } = useConsole();
  const [isCancelling, setCancelling] = useState(false);
  const nowMs = useNow(5_000);
  const { id } = task;
  const isOver = isTerminalStatus(task.state);
  const done = () => {
    polled.refresh();
    inbox.refresh();
  };
  const dispatch = () =>
    void client.tasks
      .dispatch(id)
      .catch(() => undefined)
      .then(done);
  const canDispatch = task.phase === 'waiting-for-dispatch' || task.state === 'failed' || task.state === 'blocked';
  return (
    <>
      <PageHead
        title={task.title ?? `Task …${id.slice(-8)}`}
        look={taskLook(task)}
        why={isOver ? task.diagnosis : taskWhy(task, nowMs)}
        pills={
          <>
            {pills}
            <AsOf polled={polled} intervalMs={POLL_MS} />
          </>
        }
        actions={
          <>
            {children}
            {canDispatch && (
              <button type="button" onClick={dispatch}>
                {isOver ? 'Try again' : 'Dispatch'}
              </button>
            )}
            {!isOver && task.cancelRequestedAt === null && (
              <button type="button" onClick={() => setCancelling(true)}>
                Cancel…
              </button>
            )}
            <CopyMenu commands={cliFor({ page: 'task', id, at: null })} />
            <TemporalLink workflowId={`task:${id}`} />
          </>
        }
      />
      {isCancelling && (
        <ConfirmDialog
          title="Cancel this task?"
          words={
            task.latestAttempt?.startedRun === false
              ? 'Its turn is cancelled; the run of its session goes on.'
              : 'It is not tried again; a run that it started ends.'
          }
          action="Cancel the task"
          onConfirm={() =>
            void client.tasks
              .cancel(id, 'cancelled in the console')
              .catch(() => undefined)
              .then(done)
          }
          onClose={() => setCancelling(false)}
        />
      )}
    </>
  );
}
