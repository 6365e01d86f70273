import type { ComponentChildren } from 'preact';
import { useConsole } from '../api/console-context.js';
import { addressOf, type Place } from '../model/place.js';

interface LinkProps {
  readonly to: Place;
  readonly class?: string;
  readonly label?: string;
  readonly isCurrent?: boolean;
  readonly children: ComponentChildren;
}

/** A link within the console: a real address, taken without loading the page anew. */
export function Link({ to, class: className, label, isCurrent, children }: LinkProps) {
  const { go } = useConsole();
  const onClick = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  const current = isCurrent === true ? 'page' : undefined;
  return (
    <a href={addressOf(to)} class={className} aria-label={label} aria-current={current} onClick={onClick}>
      {children}
    </a>
  );
}
