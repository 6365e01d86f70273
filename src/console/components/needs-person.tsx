import type { ActionDescriptor, RunRecord } from '../../client/index.js';
import { isWaitingForSomebody } from '../model/next-steps.js';
import { NextSteps } from './next-steps.js';

interface NeedsPersonProps {
  /** What is asked, where the head does not say it already. */
  readonly words?: string;
  readonly actions: readonly ActionDescriptor[];
  readonly run: RunRecord | null;
  readonly lastPrompt: string;
  readonly onDone: () => void;
}

/** Stands below a page's head where nothing goes on without somebody: what is asked, and what can be done about it. */
export function NeedsPerson({ words, actions, run, lastPrompt, onDone }: NeedsPersonProps) {
  if (words === undefined && !isWaitingForSomebody(actions)) return null;
  return (
    <div class="question" role="note">
      {words !== undefined && (
        <p>
          <span class="tone-needs-you" aria-hidden="true">
            ◆{' '}
          </span>
          {words}
        </p>
      )}
      <NextSteps actions={actions} run={run} lastPrompt={lastPrompt} onDone={onDone} />
    </div>
  );
}
