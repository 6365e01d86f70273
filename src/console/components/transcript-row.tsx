import { Component } from 'preact';
import { failureWords } from '../model/attention-words.js';
import { eventHash } from '../model/place.js';
import { look, type Tone } from '../model/status-look.js';
import { clock } from '../model/times.js';
import { planSteps } from '../model/plan-steps.js';
import type { TranscriptRow } from '../model/transcript-rows.js';
import { DiffView } from './diff-view.js';
import { Markdown } from './markdown.js';
import { StatusBadge } from './status-badge.js';
import { ToolCall } from './tool-call.js';

export interface RowProps {
  readonly row: TranscriptRow;
  readonly isOpen: boolean;
  readonly isInGroup: boolean;
  readonly isTarget: boolean;
  readonly isSelected: boolean;
  /** A page of one run links to events by their number alone. */
  readonly ofRun: boolean;
  /** What a steer said that no event repeats. */
  readonly steerText: string | undefined;
  /** Not a reason to draw the row again. */
  readonly onToggle: () => void;
}

/** One row of a transcript, drawn again only when it has changed. */
export class TranscriptRowView extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const { onToggle: _, ...shown } = next;
    return (Object.keys(shown) as (keyof typeof shown)[]).some((name) => next[name] !== this.props[name]);
  }

  override render() {
    const { row, isTarget, isSelected, isInGroup, ofRun } = this.props;
    const hash = eventHash({ ...(ofRun ? {} : { runId: row.runId }), seq: row.seq });
    const classes = [
      'row',
      `row-${row.kind}`,
      isTarget && 'is-target',
      isSelected && 'is-selected',
      isInGroup && 'is-in-group',
    ];
    return (
      <div class={classes.filter(Boolean).join(' ')}>
        <div class="row-body">
          <RowContent {...this.props} />
        </div>
        <a class="row-link number" href={hash} title={`Link to event ${row.seq} of ${row.runId}`}>
          <span class="hidden-words">Event {row.seq}, </span>
          <time dateTime={row.at}>{clock(row.at, Date.now())}</time>
        </a>
      </div>
    );
  }
}

/** What is said, and what is done, here; what is told beside it below. */
function RowContent({ row, isOpen, steerText, onToggle }: RowProps) {
  switch (row.kind) {
    case 'user':
      return <Said text={row.text} label={row.isSteer ? 'Steer' : 'Prompt'} />;
    case 'steer':
      return <Said text={steerText ?? '(its text is in the run’s commands)'} label="Steer, delivered into the turn" />;
    case 'assistant':
      return <Markdown text={row.text} isOpen={row.isOpen} />;
    case 'reasoning':
      return <Reasoning text={row.text} isOpen={isOpen} onToggle={onToggle} />;
    case 'tool':
      return <ToolCall row={row} isOpen={isOpen} onToggle={onToggle} />;
    case 'diff':
      return (
        <>
          {row.files.map((file) => (
            <DiffView key={file.path} file={file} isSuperseded={row.isSuperseded} />
          ))}
        </>
      );
    case 'plan':
    case 'error':
    case 'note':
    case 'run':
    case 'end':
      return <Told row={row} />;
  }
}

type ToldRow = Extract<TranscriptRow, { kind: 'plan' | 'error' | 'note' | 'run' | 'end' }>;

function Told({ row }: { readonly row: ToldRow }) {
  switch (row.kind) {
    case 'plan':
      return (
        <div class="plan">
          <span class="row-label">Plan</span>
          <Plan text={row.text} />
        </div>
      );
    case 'error':
      return (
        <p class="row-error">
          <span aria-hidden="true">✕ </span>
          {row.text}
          {row.willRetry && <span class="dim"> It is tried again.</span>}
        </p>
      );
    case 'note':
      return <p class={row.isAttention ? 'note is-attention' : 'note'}>{row.text}</p>;
    case 'run':
      return (
        <p class="run-line">
          Run <code>{row.runId}</code>
        </p>
      );
    case 'end':
      return <End row={row} />;
  }
}

/** Agents tell a plan as lines that begin with a box; what has none is shown as it is. */
function Plan({ text }: { readonly text: string }) {
  const steps = planSteps(text);
  if (steps === undefined) return <pre>{text}</pre>;
  return (
    <ul>
      {steps.map(({ state, words }, index) => (
        <li key={index} class={`plan-step plan-${state}`}>
          <span class={`tone-${PLAN_TONES[state]}`} aria-hidden="true">
            {look(PLAN_TONES[state]).icon}
          </span>
          <span class="hidden-words">{state}: </span>
          {words}
        </li>
      ))}
    </ul>
  );
}

const PLAN_TONES = { done: 'done', 'under way': 'running', open: 'queued' } as const;

function Said({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div class="said">
      <span class="row-label">{label}</span>
      <div class="said-text">{text}</div>
    </div>
  );
}

function Reasoning({
  text,
  isOpen,
  onToggle,
}: {
  readonly text: string;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}) {
  const [first = ''] = text.trim().split('\n');
  return (
    <div class="reasoning">
      <button type="button" class="tool-head" aria-expanded={isOpen} onClick={onToggle}>
        <span class="fold" aria-hidden="true">
          {isOpen ? '▾' : '▸'}
        </span>
        <span class="tool-verb">Thought</span>
        {!isOpen && <span class="tool-target dim">{first.replaceAll('**', '')}</span>}
      </button>
      {isOpen && <Markdown text={text} isOpen={false} />}
    </div>
  );
}

const END_TONES: Readonly<Record<string, Tone | undefined>> = {
  completed: 'done',
  failed: 'failed',
  blocked: 'needs-you',
  cancelled: 'interrupted',
};

function End({ row }: { readonly row: Extract<TranscriptRow, { kind: 'end' }> }) {
  const tone = row.failureKind === 'runner-lost' ? 'lost' : (END_TONES[row.terminalStatus] ?? 'idle');
  return (
    <p class="end-line">
      <StatusBadge look={{ ...look(tone), word: `Run ${row.terminalStatus}` }} />
      {row.failureKind !== null && <span> {failureWords(row.failureKind)}</span>}
      {row.text !== '' && <span class="dim"> {row.text}</span>}
    </p>
  );
}
