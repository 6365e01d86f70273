import type { Attempt, Stage } from '../model/attempts.js';
import { clock, spell } from '../model/times.js';
import { StatusBadge } from './status-badge.js';

const WORDS: Readonly<Record<Stage['what'], string>> = {
  starting: 'starting',
  working: 'working',
  silent: 'nothing heard',
};

/** Attempt after attempt: what became of each, and where its time went. Long stretches are drawn shorter than they were. */
export function AttemptTrack({ attempts }: { readonly attempts: readonly Attempt[] }) {
  return (
    <ol class="attempts">
      {attempts.map((attempt) => (
        <li key={attempt.attempt} class="attempt">
          <div class="attempt-head">
            <span class="number">Attempt {attempt.attempt}</span>
            <StatusBadge look={attempt.look} />
          </div>
          {attempt.stages.length > 0 && (
            <div class="track">
              {attempt.stages.map((stage) => (
                <div
                  key={stage.what}
                  class={`stage stage-${stage.what}`}
                  style={{ flexGrow: Math.log2(2 + (stage.toMs - stage.fromMs) / 1_000) }}
                  title={`${WORDS[stage.what]} from ${clock(new Date(stage.fromMs).toISOString(), Date.now())}`}
                >
                  {WORDS[stage.what]} {spell(stage.toMs - stage.fromMs)}
                </div>
              ))}
            </div>
          )}
          <p class="dim attempt-words">{attempt.words}</p>
          {attempt.runnerId !== null && (
            <p class="dim">
              <code>{attempt.runnerId}</code>
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}
