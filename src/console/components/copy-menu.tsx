import { useRef, useState } from 'preact/hooks';
import type { CliCommand } from '../model/cli-words.js';

/** The same from a terminal, ready to be copied; plus the address of the page. */
export function CopyMenu({ commands }: { readonly commands: readonly CliCommand[] }) {
  const [copied, setCopied] = useState('');
  const menu = useRef<HTMLDetailsElement>(null);
  const copy = (text: string) => {
    void copyText(text).then((done) => setCopied(done ? text : ''));
  };
  const onBlur = (event: FocusEvent) => {
    if (menu.current?.contains(event.relatedTarget as Node | null) !== true && menu.current) menu.current.open = false;
  };
  return (
    <details class="menu" ref={menu} onFocusOut={onBlur}>
      <summary class="button">Copy as CLI</summary>
      <ul class="menu-list">
        {commands.map(({ label, command }) => (
          <li key={command}>
            <button type="button" class="menu-item" onClick={() => copy(command)}>
              <span>{copied === command ? '✓ Copied' : label}</span>
              <code>{command}</code>
            </button>
          </li>
        ))}
        <li>
          <button type="button" class="menu-item" onClick={() => copy(location.href)}>
            <span>{copied === location.href ? '✓ Copied' : 'Link to this page'}</span>
            <code>{location.pathname}</code>
          </button>
        </li>
      </ul>
    </details>
  );
}

/** Browsers give out the clipboard on secure origins only; the old way works on the others. */
async function copyText(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- on insecure origins there is nothing else
  const isDone = document.execCommand('copy');
  area.remove();
  return isDone;
}
