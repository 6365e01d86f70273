import { useEffect, useRef, useState } from 'preact/hooks';
import { asError } from '../../domain/as-error.js';

/** A modal dialog that asks for something when its button is pressed: it stays, with the reason, where that was refused. */
export function useAskingDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<Error | null>(null);
  const [isAsking, setAsking] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const ask = <T>(request: Promise<T>, onDone: (answer: T) => void) => {
    setAsking(true);
    request.then(onDone, (problem: unknown) => {
      setAsking(false);
      setError(asError(problem));
    });
  };
  return { dialog, error, isAsking, ask };
}
