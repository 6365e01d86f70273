import { spell, plural } from '../model/times.js';
import type { ToolGroup } from '../model/fold-rows.js';
import type { ToolTranscriptRow } from '../model/transcript-rows.js';
import { ToolOutput } from './tool-output.js';

const ICONS = { running: '▶', completed: '✓', failed: '✕', cancelled: '⊘' } as const;
const TONES = { running: 'running', completed: 'done', failed: 'failed', cancelled: 'interrupted' } as const;

interface ToolCallProps {
  readonly row: ToolTranscriptRow;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

/** A call: verb, target, how it ended and how long it took; its output unfolds. */
export function ToolCall({ row, isOpen, onToggle }: ToolCallProps) {
  const hasOutput = row.output !== '';
  const [firstLine = ''] = row.target.trim().split('\n');
  return (
    <div class={`tool tool-${row.status}`}>
      <button
        type="button"
        class="tool-head"
        aria-expanded={isOpen && hasOutput}
        disabled={!hasOutput}
        onClick={onToggle}
      >
        <span class="fold" aria-hidden="true">
          {hasOutput ? (isOpen ? '▾' : '▸') : '·'}
        </span>
        <span class={`tone-${TONES[row.status]}`} aria-hidden="true">
          {ICONS[row.status]}
        </span>
        <span class="tool-verb">{row.toolName}</span>
        {!row.isPrompt && firstLine !== '' && (
          <code class="tool-target" title={firstLine}>
            {withoutWorkspace(firstLine)}
          </code>
        )}
        <span class="tool-facts number">{factsOf(row)}</span>
      </button>
      {isOpen && hasOutput && <ToolOutput output={row.output} outputCut={row.outputCut} />}
    </div>
  );
}

/** Paths of files in the workspace from there: where a volume lies says nothing to anybody. */
function withoutWorkspace(text: string): string {
  return text.replaceAll(/\/(?:[^\s/'"]+\/)*volumes?\/(?:[^\s/'"]+\/)?workspace\//g, '');
}

function factsOf({ status, exitCode, durationMs }: ToolTranscriptRow): string {
  const facts = [
    status === 'running' ? 'running' : exitCode !== null ? `exit ${exitCode}` : status === 'completed' ? '' : status,
    durationMs === null ? '' : spell(durationMs),
  ];
  return facts.filter((fact) => fact !== '').join(' · ');
}

/** Five calls and more in a row. */
export function ToolGroupHead({ group, onToggle }: { readonly group: ToolGroup; readonly onToggle: () => void }) {
  const { rows, failed, isOpen } = group;
  const running = rows.find(({ status }) => status === 'running');
  const tookMs = rows.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0);
  const verbs = [...new Set(rows.map(({ toolName }) => toolName))];
  return (
    <button type="button" class="tool-head tool-group" aria-expanded={isOpen} onClick={onToggle}>
      <span class="fold" aria-hidden="true">
        {isOpen ? '▾' : '▸'}
      </span>
      <span class="tool-verb">{plural(rows.length, 'call')}</span>
      <span class="tool-target dim">
        {running === undefined ? verbs.slice(0, 4).join(', ') : `now ${running.toolName} ${running.target}`}
      </span>
      {failed > 0 && <span class="tone-failed">✕ {failed} failed</span>}
      <span class="tool-facts number">{tookMs > 0 ? spell(tookMs) : ''}</span>
    </button>
  );
}
