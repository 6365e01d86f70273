import type { RunRecord } from '../contract/run.js';
import type { Colors } from './output.js';

type Shown = Pick<RunRecord, 'status' | 'failureKind'>;
type Paint = 'dim' | 'blue' | 'yellow' | 'green' | 'red' | 'magenta';

/** A status as a person reads it: icon, word and colour, so that it can be told apart without any one of them. */
export function statusLook({ status, failureKind }: Shown): [icon: string, word: string, paint: Paint] {
  switch (status) {
    case 'pending':
      return ['○', 'Queued', 'dim'];
    case 'claimed':
    case 'running':
      return ['▶', 'Running', 'blue'];
    case 'blocked':
      return ['◆', 'Needs you', 'yellow'];
    case 'completed':
      return ['✓', 'Done', 'green'];
    case 'failed':
      return failureKind === 'runner-lost' ? ['≈', 'Lost', 'magenta'] : ['✕', 'Failed', 'red'];
    case 'cancelled':
      return ['⊘', 'Interrupted', 'dim'];
  }
}

export function statusWord(run: Shown, colors: Colors): string {
  const [icon, word, paint] = statusLook(run);
  return colors[paint](`${icon} ${word}`);
}
