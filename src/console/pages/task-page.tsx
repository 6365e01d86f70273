import { useEffect, useMemo } from 'preact/hooks';
import type { TaskDetail } from '../../client/index.js';
import { askRun } from '../api/ask-run.js';
import { useConsole } from '../api/console-context.js';
import { runSource } from '../api/conversation-source.js';
import { useConversation } from '../api/use-conversation.js';
import { usePoll, type Polled } from '../api/use-poll.js';
import { useRefreshOnNews } from '../api/use-refresh-on-news.js';
import { ConnectionPill } from '../components/connection-pill.js';
import { ConversationView } from '../components/conversation-view.js';
import { InterruptButton } from '../components/interrupt-button.js';
import { NeedsPerson } from '../components/needs-person.js';
import { Problem } from '../components/problem.js';
import { liveTurnOf } from '../model/commands.js';
import type { EventRef } from '../model/place.js';
import { TaskHead } from './task-head.js';
import { TaskRail } from './task-rail.js';

const POLL_MS = 2_000;

/** A task: what it is to do, why it is where it is, its attempts, and the newest one as it works. */
export function TaskPage({ id, at }: { readonly id: string; readonly at: EventRef | null }) {
  const { client, readerId } = useConsole();
  const task = usePoll(() => client.tasks.get(id, readerId), POLL_MS, [client, id]);
  const { data } = task;
  if (data === undefined) {
    if (task.error !== undefined) return <Problem error={task.error} retry={task.refresh} />;
    return <p class="empty">Loading…</p>;
  }
  const runId = data.latestAttempt?.runId ?? null;
  if (runId === null) return <WaitingTask task={data} polled={task} />;
  return <WorkedTask key={runId} task={data} runId={runId} at={at} polled={task} />;
}

/** Before its first attempt there is nothing but the task. */
function WaitingTask({ task, polled }: { readonly task: TaskDetail; readonly polled: Polled<TaskDetail> }) {
  return (
    <div class="page page-conversation">
      <div class="page-main">
        <TaskHead task={task} polled={polled} intervalMs={POLL_MS} />
        <div class="waiting">
          <div class="said">
            <span class="row-label">Prompt</span>
            <div class="said-text" tabIndex={0} role="region" aria-label="Prompt">
              {task.payload.prompt}
            </div>
          </div>
          <p class="empty">{task.diagnosis}</p>
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
  const { client } = useConsole();
  const source = useMemo(() => runSource(client, runId), [client, runId]);
  const conversation = useConversation(source);
  const result = usePoll(() => client.runs.result(runId), POLL_MS, [client, runId]);
  const asked = usePoll(() => askRun(client, runId), POLL_MS, [client, runId]);
  const { run = null, commands = [] } = asked.data ?? {};
  useRefreshOnNews(conversation, [polled.refresh, asked.refresh]);
  const onRead = useMarkTaskRead(task, polled);
  const liveTurn = liveTurnOf(commands);
  const canSteer = task.state === 'running' && liveTurn !== undefined;
  return (
    <div class="page page-conversation">
      <div class="page-main">
        <TaskHead
          task={task}
          polled={polled}
          intervalMs={POLL_MS}
          pills={<ConnectionPill connection={conversation.connection} />}
        >
          {canSteer && <InterruptButton runId={runId} turnCommandId={liveTurn.id} conversation={conversation} />}
        </TaskHead>
        <NeedsPerson actions={actionsOf(task)} run={run} lastPrompt={task.payload.prompt} onDone={polled.refresh} />
        <ConversationView
          conversation={conversation}
          ofRun
          at={at}
          commands={commands}
          mode={canSteer ? 'steer' : null}
          onRead={onRead}
        />
      </div>
      <TaskRail task={task} liveness={result.data?.liveness ?? null} conversation={conversation} />
    </div>
  );
}

/** Its head has a button for trying it again. */
function actionsOf({ state, supervisor }: TaskDetail) {
  if (state !== 'failed' && state !== 'blocked') return [];
  if (supervisor === null || 'message' in supervisor) return [];
  return supervisor.recoveryActions.filter(({ action }) => action !== 'dispatch-task');
}

/** Somebody who is there sees how it ended. */
function useMarkTaskRead(task: TaskDetail, polled: Polled<TaskDetail>): () => void {
  const { client, readerId, inbox } = useConsole();
  const mark = () => {
    if (!task.unread || task.state === 'running') return;
    void client.tasks.markRead(task.id, readerId).then(
      () => {
        polled.refresh();
        inbox.refresh();
      },
      () => undefined,
    );
  };
  useEffect(() => {
    if (document.hasFocus()) mark();
  }, [task.unread, task.state]);
  return mark;
}
