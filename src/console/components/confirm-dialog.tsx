import { useEffect, useRef, useState } from 'preact/hooks';
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
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<Error | null>(null);
  const [isAsking, setAsking] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const confirm = () => {
    setAsking(true);
    onConfirm().then(
      () => {
        onDone();
        onClose();
      },
      (problem: unknown) => {
        setAsking(false);
        setError(problem instanceof Error ? problem : new Error(String(problem)));
      },
    );
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
