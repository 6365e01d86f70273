import { useMemo, useState } from 'preact/hooks';
import type { RunRecord } from '../../client/index.js';
import { useConsole } from '../api/console-context.js';
import { newKey } from '../api/conversation.js';
import { startAgain } from '../api/start-again.js';
import { useAskingDialog } from '../api/use-asking-dialog.js';
import { SANDBOXES } from '../../domain/agent-rights.js';
import type { StartAgain } from '../model/next-steps.js';
import { policyOfNextTry, promptOfNextTry, type Policy } from '../model/next-try.js';
import { Problem } from './problem.js';

interface StartAgainProps {
  readonly run: RunRecord;
  readonly as: StartAgain;
  /** What its last turn was told. */
  readonly lastPrompt: string;
  readonly onClose: () => void;
}

const MINUTE_MS = 60_000;

const TITLES: Readonly<Record<StartAgain, string>> = {
  'the-same': 'Start it again',
  'with-an-answer': 'Start it with an answer',
  'allowed-more': 'Start it with more rights',
  'with-more-time': 'Start it with more time',
};

/** Says what the next try may do and what it is told before it is started. */
export function StartAgainDialog({ run, as, lastPrompt, onClose }: StartAgainProps) {
  const { client, go, inbox } = useConsole();
  const [prompt, setPrompt] = useState(() => promptOfNextTry(run, as, lastPrompt));
  const [policy, setPolicy] = useState<Policy>(() => policyOfNextTry(run.executionPolicy, as));
  // The same asked again is done once; what was changed since is another request, and its old key would be refused.
  const key = useMemo(newKey, [prompt, policy]);
  const { dialog, error, isAsking, ask } = useAskingDialog();
  const start = (event: Event) => {
    event.preventDefault();
    ask(startAgain(client, run, { prompt, policy, key }), (place) => {
      inbox.refresh();
      onClose();
      go(place);
    });
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
      <MinutesField
        id="again-minutes"
        label="Minutes for one turn"
        ms={policy.timeoutMs}
        onChange={(timeoutMs) => onChange({ ...policy, timeoutMs })}
      />
      <MinutesField
        id="again-idle-minutes"
        label="Minutes without a sign"
        ms={policy.idleTimeoutMs}
        onChange={(idleTimeoutMs) => onChange({ ...policy, idleTimeoutMs })}
      />
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

interface MinutesProps {
  readonly id: string;
  readonly label: string;
  readonly ms: number;
  readonly onChange: (ms: number) => void;
}

function MinutesField({ id, label, ms, onChange }: MinutesProps) {
  const change = (minutes: number) => {
    if (minutes * MINUTE_MS >= 1_000) onChange(Math.round(minutes * MINUTE_MS));
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        step="any"
        min={0.02}
        max={10_080}
        required
        defaultValue={String(Number((ms / MINUTE_MS).toFixed(2)))}
        onInput={(event) => change(event.currentTarget.valueAsNumber)}
      />
    </div>
  );
}

function whereWords({ sessionRef, terminalStatus }: RunRecord): string {
  if (sessionRef === null) return 'A new run in the same kind of workspace; this one stays as it is.';
  const ends = terminalStatus === null ? 'The live run ends first. ' : '';
  return `${ends}A new run of the session ${sessionRef.sessionId}: the same volume, the same thread.`;
}
