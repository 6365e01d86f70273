import { useState } from 'preact/hooks';
import { asError } from '../../domain/as-error.js';
import { useConsole } from '../api/console-context.js';
import type { Conversation } from '../api/conversation.js';
import type { Polled } from '../api/use-poll.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { ConnectionPill } from '../components/connection-pill.js';
import { CopyMenu } from '../components/copy-menu.js';
import { InterruptButton } from '../components/interrupt-button.js';
import { AsOf, PageHead } from '../components/page-head.js';
import { NeedsPerson } from '../components/needs-person.js';
import { Problem } from '../components/problem.js';
import { TemporalLink } from '../components/temporal-link.js';
import { cliFor } from '../model/cli-words.js';
import { liveTurnOf, lastPromptOf } from '../model/commands.js';
import type { RunFacts } from '../model/run-facts.js';
import { runLook } from '../model/status-look.js';

interface RunHeadProps {
  readonly facts: RunFacts;
  readonly polled: Polled<RunFacts>;
  readonly intervalMs: number;
  readonly conversation: Conversation;
}

export function RunHead({ facts, polled, intervalMs, conversation }: RunHeadProps) {
  const { client } = useConsole();
  const [isCancelling, setCancelling] = useState(false);
  const [refusal, setRefusal] = useState<Error | null>(null);
  const { run, result, jobs, commands } = facts;
  const { id } = run;
  const isLive = run.terminalStatus === null;
  const startRunner = () => {
    setRefusal(null);
    void client.runs
      .startRunner(id)
      .catch((problem: unknown) => setRefusal(asError(problem)))
      .then(polled.refresh);
  };
  const liveTurn = liveTurnOf(commands);
  return (
    <>
      <PageHead
        title={`Run …${id.slice(-8)}`}
        look={runLook(run)}
        why={result.diagnosis}
        pills={
          <>
            <ConnectionPill connection={conversation.connection} />
            <AsOf polled={polled} intervalMs={intervalMs} />
          </>
        }
        actions={
          <>
            {isLive && liveTurn !== undefined && (
              <InterruptButton runId={id} turnCommandId={liveTurn.id} conversation={conversation} />
            )}
            {isLive && run.cancelRequestedAt === null && (
              <button type="button" onClick={() => setCancelling(true)}>
                Cancel…
              </button>
            )}
            {run.status === 'pending' && jobs.length === 0 && (
              <button type="button" onClick={startRunner}>
                Start a runner
              </button>
            )}
            <CopyMenu commands={cliFor({ page: 'run', id, at: null })} />
            <TemporalLink workflowId={run.workflowId} />
          </>
        }
      />
      {refusal !== null && <Problem error={refusal} />}
      <NeedsPerson
        actions={result.liveness.recoveryActions}
        run={run}
        lastPrompt={lastPromptOf(commands)}
        onDone={polled.refresh}
      />
      {isCancelling && (
        <ConfirmDialog
          title="Cancel this run?"
          words="Its agent is interrupted, then its runner ends. What it has not been given yet is cancelled with it."
          action="Cancel the run"
          onConfirm={() => client.runs.cancel(id, 'cancelled in the console')}
          onDone={polled.refresh}
          onClose={() => setCancelling(false)}
        />
      )}
    </>
  );
}
