import type { RunExplanation } from '../../client/index.js';
import { timelineGroups, type TimelineLine } from '../model/timeline-groups.js';
import type { ComponentChildren } from 'preact';
import { Link } from './link.js';

interface TimelineViewProps {
  readonly explanation: RunExplanation;
  /** What can be done about it, below the diagnosis. */
  readonly children: ComponentChildren;
}

/** All that happened to a run, attempt by attempt; at its end what that comes to. */
export function TimelineView({ explanation, children }: TimelineViewProps) {
  const { runId, sources, diagnosis } = explanation;
  const groups = timelineGroups(explanation);
  return (
    <div class="timeline" tabIndex={0} role="region" aria-label="Timeline">
      {groups.length === 0 && <p class="empty">Nothing has happened yet.</p>}
      {groups.map(({ attempt, lines }, index) => (
        <section key={index} class="timeline-group" aria-label={attempt === null ? 'Before' : `Attempt ${attempt}`}>
          {attempt !== null && <h2>Attempt {attempt}</h2>}
          <ol>
            {lines.map((line) => (
              <Line key={line.key} line={line} runId={runId} />
            ))}
          </ol>
        </section>
      ))}
      {sources.note !== null && <p class="dim timeline-note">{sources.note}</p>}
      <section class="timeline-end" aria-label="Diagnosis">
        <h2>Diagnosis</h2>
        <p>{diagnosis}</p>
        {children}
      </section>
    </div>
  );
}

function Line({ line, runId }: { readonly line: TimelineLine; readonly runId: string }) {
  const { when, at, kind, text, isTrouble, seq, omitted } = line;
  const look = isTrouble ? 'trouble' : kind === 'waiting' ? 'waiting' : 'plain';
  return (
    <>
      <li class={`timeline-line timeline-${look}`}>
        <time class="number dim" dateTime={at} title={at}>
          {when}
        </time>
        <span class="timeline-mark" aria-hidden="true">
          {MARKS[look]}
        </span>
        <span class="timeline-kind dim">{kind}</span>
        <span class="timeline-text">
          {isTrouble && <span class="hidden-words">Trouble: </span>}
          {text}
        </span>
        {seq !== null && (
          <Link to={{ page: 'run', id: runId, at: { seq } }} class="number dim" label={`Event e${seq}`}>
            e{seq}
          </Link>
        )}
      </li>
      {omitted > 0 && <li class="dim timeline-omitted">… {omitted} more left out here</li>}
    </>
  );
}

const MARKS = { trouble: '✕', waiting: '…', plain: '·' } as const;
