import { useEffect, useRef } from 'preact/hooks';

const KEYS = [
  ['j  k', 'the next row, the one before'],
  ['o', 'open it: a page from the inbox, a fold in a transcript'],
  ['x  X', 'choose a row of the inbox, and all up to it from the one before'],
  ['*', 'choose all rows of the inbox that are shown, or none'],
  ['[  ]', 'the group or prompt before, the next one'],
  ['f', 'follow the end of a transcript, or stop following'],
  ['s', 'say something: to the field below a transcript'],
  ['u', 'mark a session unread'],
  ['/', 'search the inbox'],
  ['Enter', 'sends; with Shift, and on phones, a new line'],
  ['?', 'this list'],
] as const;

export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([keys, words]) => (
          <div key={keys} class="fact">
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <div class="actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </dialog>
  );
}
