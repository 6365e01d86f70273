import { useAskingDialog } from '../api/use-asking-dialog.js';
import { Problem } from './problem.js';

interface ConfirmProps {
  readonly title: string;
  readonly words: string;
  readonly action: string;
  readonly onConfirm: () => Promise<unknown>;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Asks before what cannot be undone, says what it will reach, and stays with the reason where it was refused. */
export function ConfirmDialog({ title, words, action, onConfirm, onDone, onClose }: ConfirmProps) {
  const { dialog, error, isAsking, ask } = useAskingDialog();
  const confirm = () => {
    ask(onConfirm(), () => {
      onDone();
      onClose();
    });
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="confirm-title" onClose={onClose}>
      <h2 id="confirm-title">{title}</h2>
      <p>{words}</p>
      {error !== null && <Problem error={error} />}
      <div class="actions">
        <button type="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" class="danger" disabled={isAsking} onClick={confirm}>
          {isAsking ? 'Asking…' : action}
        </button>
      </div>
    </dialog>
  );
}
