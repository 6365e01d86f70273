import { AnsiUp } from 'ansi_up';
import { useMemo, useState } from 'preact/hooks';
import { plural } from '../model/times.js';
import { terminalHtml } from './markdown.js';

const FIRST_LINES = 200;
const MORE_LINES = 1_000;
/** One line may be a whole file. */
const LINE_LENGTH = 4_000;

/** What a tool printed: its end, and more of it on demand, so that no output makes the page slow. */
export function ToolOutput({ output, outputCut }: { readonly output: string; readonly outputCut: number }) {
  const [shownLines, setShownLines] = useState(FIRST_LINES);
  const { html, hidden } = useMemo(() => tail(output, shownLines), [output, shownLines]);
  return (
    <div class="output">
      {(hidden > 0 || outputCut > 0) && (
        <div class="output-more">
          {hidden > 0 ? (
            <button type="button" class="quiet" onClick={() => setShownLines(shownLines + MORE_LINES)}>
              Show earlier output, {plural(hidden, 'line')}
            </button>
          ) : (
            <span class="dim">
              {plural(outputCut, 'earlier character')} are not held here; the events have them all
            </span>
          )}
        </div>
      )}
      <pre class="terminal" tabIndex={0} aria-label="Output" dangerouslySetInnerHTML={html} />
    </div>
  );
}

function tail(output: string, lines: number): { html: { __html: string }; hidden: number } {
  const all = output.replaceAll('\r\n', '\n').split('\n');
  const shown = all
    .slice(-lines)
    .map((line) => (line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}… (${line.length} characters)` : line));
  const ansi = new AnsiUp();
  ansi.use_classes = true;
  return { html: terminalHtml(ansi.ansi_to_html(shown.join('\n'))), hidden: Math.max(0, all.length - lines) };
}
