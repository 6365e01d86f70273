import { useState } from 'preact/hooks';
import { shownLines, type DiffFile } from '../model/diff-files.js';
import { plural } from '../model/times.js';

const FIRST_LINES = 120;

/** One file's changes. What is long is shown on demand. */
export function DiffView({ file, isSuperseded }: { readonly file: DiffFile; readonly isSuperseded: boolean }) {
  const [isOpen, setOpen] = useState(!isSuperseded);
  const [isWhole, setWhole] = useState(false);
  const all = shownLines(file);
  const lines = isWhole ? all : all.slice(0, FIRST_LINES);
  return (
    <div class="diff">
      <button type="button" class="diff-head" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span class="fold" aria-hidden="true">
          {isOpen ? '▾' : '▸'}
        </span>
        <code class="diff-path">{file.path}</code>
        <span class="number diff-added">+{file.added}</span>
        <span class="number diff-removed">−{file.removed}</span>
        {isSuperseded && <span class="pill pill-dim">newer diff below</span>}
      </button>
      {isOpen && (
        <pre class="diff-lines" tabIndex={0} aria-label={`Changes of ${file.path}`}>
          {lines.map((line, index) => (
            <span key={index} class={`diff-line diff-${line.kind}`}>
              {line.text || ' '}
              {'\n'}
            </span>
          ))}
        </pre>
      )}
      {isOpen && all.length > lines.length && (
        <button type="button" class="quiet" onClick={() => setWhole(true)}>
          Show {plural(all.length - lines.length, 'more line')}
        </button>
      )}
    </div>
  );
}
