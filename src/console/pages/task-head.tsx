import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { TaskDetail } from '../../client/index.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { useConsole } from '../api/console-context.js';
import { useNow, type Polled } from '../api/use-poll.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { CopyMenu } from '../components/copy-menu.js';
import { AsOf, PageHead } from '../components/page-head.js';
import { TemporalLink } from '../components/temporal-link.js';
import { taskWhy } from '../model/attention-words.js';
import { cliFor } from '../model/cli-words.js';
import { taskLook } from '../model/status-look.js';

interface TaskHeadProps {
  readonly task: TaskDetail;
  readonly polled: Polled<TaskDetail>;
  readonly intervalMs: number;
  readonly pills?: ComponentChildren;
  /** What can be done with the attempt that works. */
  readonly children?: ComponentChildren;
}

export function TaskHead({ task, polled, intervalMs, pills, children }: TaskHeadProps) {
  const { client, inbox } = useConsole();
  const [isCancelling, setCancelling] = useState(false);
  const nowMs = useNow(5_000);
  const { id } = task;
  const isOver = isTerminalStatus(task.state);
  const canDispatch = task.phase === 'waiting-for-dispatch' || task.state === 'failed' || task.state === 'blocked';
  const done = () => {
    polled.refresh();
    inbox.refresh();
  };
  const dispatch = () => {
    void client.tasks.dispatch(id).then(done, done);
  };
  return (
    <>
      <PageHead
        title={task.title ?? `Task …${id.slice(-8)}`}
        look={taskLook(task)}
        why={isOver ? task.diagnosis : taskWhy(task, nowMs)}
        pills={
          <>
            {pills}
            <AsOf polled={polled} intervalMs={intervalMs} />
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
          words={cancelWords(task)}
          action="Cancel the task"
          onConfirm={() => client.tasks.cancel(id, 'cancelled in the console')}
          onDone={done}
          onClose={() => setCancelling(false)}
        />
      )}
    </>
  );
}

function cancelWords({ latestAttempt }: TaskDetail): string {
  if (latestAttempt?.startedRun === false) return 'Its turn is cancelled; the run of its session goes on.';
  return 'It is not tried again; a run that it started ends.';
}
