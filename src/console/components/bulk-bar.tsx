import { useState } from 'preact/hooks';
import { useConsole } from '../api/console-context.js';
import { doWithRows, type BulkFailure } from '../api/do-with-rows.js';
import type { ChosenRows } from '../api/use-chosen-rows.js';
import { BULK_ACTIONS, bulkLabel, bulkOutcome, rowsFor, type BulkAction } from '../model/bulk-actions.js';
import type { InboxRow } from '../model/inbox-rows.js';
import { plural } from '../model/times.js';
import { ConfirmDialog } from './confirm-dialog.js';
import { causeOf } from './problem.js';

interface Outcome {
  readonly words: string;
  readonly failures: readonly BulkFailure[];
}

/** What can be done with all rows that are chosen, and what came of it: each that was not done with its reason. */
export function BulkBar({ chosen }: { readonly chosen: ChosenRows }) {
  const { client, readerId, inbox, announce } = useConsole();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [isAsking, setAsking] = useState(false);
  const [toCancel, setToCancel] = useState<readonly InboxRow[] | null>(null);
  const act = async (action: BulkAction, rows: readonly InboxRow[]) => {
    setAsking(true);
    setOutcome(null);
    const failures = await doWithRows(client, readerId, action, rows);
    setAsking(false);
    const words = bulkOutcome(action, rows.length, failures.length);
    setOutcome({ words, failures });
    // An alert says itself what it says.
    if (failures.length === 0) announce(words);
    // What was not done stays chosen, to be tried again.
    chosen.choose(failures.map(({ row }) => row));
    inbox.refresh();
  };
  const start = (action: BulkAction, rows: readonly InboxRow[]) =>
    action === 'cancel' ? setToCancel(rows) : void act(action, rows);
  return (
    <>
      {chosen.rows.length > 0 && (
        <div class="bulk" role="toolbar" aria-label="With the chosen rows">
          <span class="number">{plural(chosen.rows.length, 'row')} chosen</span>
          {BULK_ACTIONS.map((action) => {
            const rows = rowsFor(chosen.rows, action);
            if (rows.length === 0) return null;
            return (
              <button key={action} type="button" disabled={isAsking} onClick={() => start(action, rows)}>
                {bulkLabel(action, rows.length)}
              </button>
            );
          })}
          <button type="button" class="quiet" onClick={() => chosen.choose([])}>
            Choose none
          </button>
        </div>
      )}
      {outcome !== null && <BulkOutcome outcome={outcome} onClose={() => setOutcome(null)} />}
      {toCancel !== null && (
        <ConfirmDialog
          title={`Cancel ${plural(toCancel.length, 'row')}?`}
          words={`Their agents are interrupted: ${toCancel.map(({ title }) => title).join(', ')}.`}
          action={`Cancel ${toCancel.length}`}
          onConfirm={() => act('cancel', toCancel)}
          onDone={inbox.refresh}
          onClose={() => setToCancel(null)}
        />
      )}
    </>
  );
}

function BulkOutcome({ outcome, onClose }: { readonly outcome: Outcome; readonly onClose: () => void }) {
  const { words, failures } = outcome;
  return (
    <div
      class={failures.length === 0 ? 'bulk-outcome' : 'bulk-outcome problem'}
      role={failures.length === 0 ? undefined : 'alert'}
    >
      <p>
        {words}{' '}
        <button type="button" class="quiet" onClick={onClose}>
          Close
        </button>
      </p>
      {failures.length > 0 && (
        <ul>
          {failures.map(({ row, error }) => (
            <li key={row.key}>
              <span aria-hidden="true">✕ </span>
              {row.title}: {causeOf(error)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
