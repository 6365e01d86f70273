import { useEffect, useRef, useState } from 'preact/hooks';
import type { RunRecord } from '../../client/index.js';
import { useConsole } from '../api/console-context.js';
import { newKey } from '../api/conversation.js';
import { startAgain } from '../api/start-again.js';
import type { StartAgain } from '../model/next-steps.js';
import { Problem } from './problem.js';

interface StartAgainProps {
  readonly run: RunRecord;
  readonly as: StartAgain;
  /** What its last turn was told. */
  readonly lastPrompt: string;
  readonly onClose: () => void;
}

type Policy = RunRecord['executionPolicy'];

const MINUTE_MS = 60_000;
const SANDBOXES = ['read-only', 'workspace-write', 'full-access'] as const satisfies readonly Policy['sandbox'][];

const TITLES: Readonly<Record<StartAgain, string>> = {
  'the-same': 'Start it again',
  'with-an-answer': 'Start it with an answer',
  'allowed-more': 'Start it with more rights',
  'with-more-time': 'Start it with more time',
};

/** Says what the next try may do and what it is told before it is started. */
export function StartAgainDialog({ run, as, lastPrompt, onClose }: StartAgainProps) {
  const { client, go, inbox } = useConsole();
  const dialog = useRef<HTMLDialogElement>(null);
  const [key] = useState(newKey);
  const [prompt, setPrompt] = useState(() => promptFor(run, as, lastPrompt));
  const [policy, setPolicy] = useState<Policy>(() => policyFor(run.executionPolicy, as));
  const [error, setError] = useState<Error | null>(null);
  const [isAsking, setAsking] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const start = (event: Event) => {
    event.preventDefault();
    setAsking(true);
    startAgain(client, run, { prompt, policy, key }).then(
      (place) => {
        inbox.refresh();
        onClose();
        go(place);
      },
      (problem: unknown) => {
        setAsking(false);
        setError(problem instanceof Error ? problem : new Error(String(problem)));
      },
    );
  };
  return (
    <dialog ref={dialog} class="dialog dialog-wide" aria-labelledby="again-title" onClose={onClose}>
      <form class="form" onSubmit={start}>
        <h2 id="again-title">{TITLES[as]}</h2>
        <p>{whereWords(run)}</p>
        <div class="field">
          <label for="again-prompt">What it is told</label>
          <textarea
            id="again-prompt"
            rows={4}
            required
            value={prompt}
            onInput={(event) => setPrompt(event.currentTarget.value)}
          />
        </div>
        <PolicyFields policy={policy} onChange={setPolicy} />
        {error !== null && <Problem error={error} />}
        <div class="actions">
          <button type="button" onClick={onClose}>
            Leave it
          </button>
          <button type="submit" class="primary" disabled={isAsking || prompt.trim() === ''}>
            {isAsking ? 'Asking…' : 'Start it'}
          </button>
        </div>
      </form>
    </dialog>
  );
}

interface PolicyFieldsProps {
  readonly policy: Policy;
  readonly onChange: (policy: Policy) => void;
}

function PolicyFields({ policy, onChange }: PolicyFieldsProps) {
  return (
    <div class="form-row">
      <div class="field">
        <label for="again-sandbox">Sandbox</label>
        <select
          id="again-sandbox"
          value={policy.sandbox}
          onChange={(event) => onChange({ ...policy, sandbox: event.currentTarget.value as Policy['sandbox'] })}
        >
          {SANDBOXES.map((sandbox) => (
            <option key={sandbox} value={sandbox}>
              {sandbox.replaceAll('-', ' ')}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="again-minutes">Minutes for one turn</label>
        <input
          id="again-minutes"
          type="number"
          min={1}
          max={10_080}
          value={Math.max(1, Math.round(policy.timeoutMs / MINUTE_MS))}
          onInput={(event) => onChange({ ...policy, timeoutMs: minutesMs(event.currentTarget.valueAsNumber, policy) })}
        />
      </div>
      <div>
        <label class="check">
          <input
            type="checkbox"
            checked={policy.network}
            onChange={(event) => onChange({ ...policy, network: event.currentTarget.checked })}
          />
          Network
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={policy.approval === 'on-request'}
            onChange={(event) =>
              onChange({ ...policy, approval: event.currentTarget.checked ? 'on-request' : 'never' })
            }
          />
          May stop to ask
        </label>
      </div>
    </div>
  );
}

function minutesMs(minutes: number, { timeoutMs }: Policy): number {
  return Number.isFinite(minutes) && minutes >= 1 ? Math.round(minutes) * MINUTE_MS : timeoutMs;
}

function whereWords({ sessionRef, terminalStatus }: RunRecord): string {
  if (sessionRef === null) return 'A new run in the same kind of workspace; this one stays as it is.';
  const ends = terminalStatus === null ? 'The live run ends first. ' : '';
  return `${ends}A new run of the session ${sessionRef.sessionId}: the same volume, the same thread.`;
}

/** Who was stopped in the middle of something goes on with it where it still knows of it. */
function promptFor({ sessionRef }: RunRecord, as: StartAgain, lastPrompt: string): string {
  if (as === 'with-an-answer') return '';
  return as === 'allowed-more' && sessionRef !== null ? 'You may do it now: go on.' : lastPrompt;
}

function policyFor(policy: Policy, as: StartAgain): Policy {
  if (as === 'allowed-more') return { ...policy, sandbox: 'full-access', network: true };
  return as === 'with-more-time' ? { ...policy, timeoutMs: policy.timeoutMs * 2 } : policy;
}
