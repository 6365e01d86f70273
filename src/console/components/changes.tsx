import { eventHash } from '../model/place.js';
import type { TranscriptRow } from '../model/transcript-rows.js';
import { Section } from './facts.js';

/** The files that were changed, each with a link to the newest diff of it that was told. */
export function Changes({ rows, ofRun }: { readonly rows: readonly TranscriptRow[]; readonly ofRun: boolean }) {
  const files = new Map(
    rows.flatMap((row) => (row.kind === 'diff' ? row.files.map((file) => [file.path, { file, row }] as const) : [])),
  );
  if (files.size === 0) return null;
  return (
    <Section title="Changes">
      <ul class="rail-list">
        {[...files.values()].map(({ file, row }) => (
          <li key={file.path}>
            <a class="rail-path" href={eventHash({ ...(ofRun ? {} : { runId: row.runId }), seq: row.seq })}>
              {file.path}
            </a>
            <span class="number diff-added">+{file.added}</span>
            <span class="number diff-removed">−{file.removed}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
