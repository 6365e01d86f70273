import type { StatusLook } from '../model/status-look.js';

export function StatusBadge({ look, isShort = false }: { readonly look: StatusLook; readonly isShort?: boolean }) {
  return (
    <span class={`status tone-${look.tone}`} title={isShort ? look.word : undefined}>
      <span class="status-icon" aria-hidden="true">
        {look.icon}
      </span>
      <span class={isShort ? 'hidden-words' : ''}>{look.word}</span>
    </span>
  );
}
