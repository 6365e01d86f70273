import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

export type ComposerMode = 'answer' | 'steer' | 'next-turn' | 'send';

const MODES: Readonly<Record<ComposerMode, { action: string; hint: string; placeholder: string }>> = {
  answer: { action: 'Answer', hint: 'goes to the agent as the next turn', placeholder: 'Answer what the agent asks…' },
  steer: { action: 'Steer', hint: 'goes into the running turn', placeholder: 'Say something to the running turn…' },
  'next-turn': { action: 'Send', hint: 'becomes the next turn', placeholder: 'What should it do next?' },
  send: { action: 'Send', hint: 'begins a new turn', placeholder: 'What should it do next?' },
};

interface ComposerProps {
  readonly mode: ComposerMode;
  readonly draftKey: string;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly onSend: (text: string) => void;
}

/** What is typed survives the page: it is kept until it is sent. Enter sends; on phones it is a new line. */
export function Composer({ mode, draftKey, field, draft, onDraft, onSend }: ComposerProps) {
  const [isCoarse] = useState(() => matchMedia('(pointer: coarse)').matches);
  const { action, hint, placeholder } = MODES[mode];
  useEffect(() => onDraft(sessionStorage.getItem(`draft/${draftKey}`) ?? ''), [draftKey]);
  const change = (text: string) => {
    onDraft(text);
    if (text === '') sessionStorage.removeItem(`draft/${draftKey}`);
    else sessionStorage.setItem(`draft/${draftKey}`, text);
  };
  const send = () => {
    if (draft.trim() === '') return;
    onSend(draft);
    change('');
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.isComposing || event.shiftKey || (isCoarse && !event.ctrlKey && !event.metaKey))
      return;
    event.preventDefault();
    send();
  };
  return (
    <form
      class={`composer composer-${mode}`}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="hidden-words" for="composer-text">
        {placeholder}
      </label>
      <textarea
        id="composer-text"
        ref={field}
        rows={Math.min(8, Math.max(1, draft.split('\n').length))}
        value={draft}
        placeholder={placeholder}
        aria-describedby="composer-hint"
        onInput={(event) => change(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div class="composer-end">
        <button type="submit" class="primary" disabled={draft.trim() === ''}>
          {action}
        </button>
        <span id="composer-hint" class="dim">
          {hint}
        </span>
      </div>
    </form>
  );
}
