import { useState } from 'preact/hooks';
import type { ActionDescriptor, AgentRun, RunRecord } from '../../client/index.js';
import { asError } from '../../domain/as-error.js';
import { useConsole } from '../api/console-context.js';
import { nextSteps, type NextStep, type StartAgain } from '../model/next-steps.js';
import { Link } from './link.js';
import { Problem } from './problem.js';
import { StartAgainDialog } from './start-again-dialog.js';

interface NextStepsProps {
  readonly actions: readonly ActionDescriptor[];
  /** What the actions are about; null where its record is not known here, and nothing can be started again. */
  readonly run: RunRecord | null;
  readonly lastPrompt: string;
  readonly onDone: () => void;
}

/** What the manager says can be done next, as far as a browser can do it: what it does not name is not offered. */
export function NextSteps({ actions, run, lastPrompt, onDone }: NextStepsProps) {
  const { client, go } = useConsole();
  const [again, setAgain] = useState<StartAgain | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [isAsking, setAsking] = useState(false);
  const steps = nextSteps(actions).filter(
    ({ does }) => run !== null || (does !== 'start-again' && does !== 'new-session'),
  );
  if (steps.length === 0) return null;
  /** A timeline has no field to say something in, nor has a task that does not run: the run's transcript has. */
  const say = () => {
    if (focusComposer() || run === null) return;
    go({ page: 'run', id: run.id, at: null });
    requestAnimationFrame(focusComposer);
  };
  const take = (step: NextStep) => {
    setError(null);
    if (step.does === 'start-again') {
      setAgain(step.as);
      return;
    }
    if (step.does === 'say') {
      say();
      return;
    }
    setAsking(true);
    doStep(client, step, run)
      .then(
        (sessionId) => {
          onDone();
          if (sessionId !== undefined) go({ page: 'session', id: sessionId, at: null });
        },
        (problem: unknown) => setError(asError(problem)),
      )
      .finally(() => setAsking(false));
  };
  return (
    <div class="next-steps">
      <ul class="actions" aria-label="What can be done next">
        {steps.map((step, index) => (
          <li key={step.label}>
            <StepButton step={step} isFirst={index === 0} isAsking={isAsking} onTake={take} />
          </li>
        ))}
      </ul>
      {error !== null && <Problem error={error} />}
      {again !== null && run !== null && (
        <StartAgainDialog run={run} as={again} lastPrompt={lastPrompt} onClose={() => setAgain(null)} />
      )}
    </div>
  );
}

interface StepButtonProps {
  readonly step: NextStep;
  readonly isFirst: boolean;
  readonly isAsking: boolean;
  readonly onTake: (step: NextStep) => void;
}

function StepButton({ step, isFirst, isAsking, onTake }: StepButtonProps) {
  if (step.does === 'by-hand') return <span class="dim">By hand: {step.label}</span>;
  if (step.does === 'go')
    return (
      <Link to={step.place} class="button">
        {step.label}
      </Link>
    );
  return (
    <button type="button" class={isFirst ? 'primary' : undefined} disabled={isAsking} onClick={() => onTake(step)}>
      {step.label}
    </button>
  );
}

function focusComposer(): boolean {
  const field = document.getElementById('composer-text');
  field?.focus();
  return field !== null;
}

/** Answers the session that was begun, if one was. */
async function doStep(client: AgentRun, step: NextStep, run: RunRecord | null): Promise<string | undefined> {
  switch (step.does) {
    case 'start-runner':
      await client.runs.startRunner(step.of);
      return undefined;
    case 'finish-run':
      await client.runs.finish(step.of, { terminalStatus: 'completed' });
      return undefined;
    case 'dispatch-task':
      await client.tasks.dispatch(step.of);
      return undefined;
    case 'new-session': {
      if (run === null) return undefined;
      const { tenantId, projectId, backendProfile } = run;
      return (await client.sessions.create({ tenantId, projectId, backendProfile })).session.sessionId;
    }
    case 'start-again':
    case 'say':
    case 'go':
    case 'by-hand':
      return undefined;
  }
}
