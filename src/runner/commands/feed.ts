import { setTimeout as delay } from 'node:timers/promises';
import type { CommandList } from '../../contract/command.js';
import type { AttemptScope } from '../attempt-scope.js';
import type { RunApi } from '../run-api.js';

export interface CommandFeedOptions {
  readonly api: Pick<RunApi, 'openCommands'>;
  readonly scope: AttemptScope;
  readonly waitMs: number;
  readonly onList: (list: CommandList) => void;
  /** An empty answer that did not wait: perhaps the run has ended. */
  readonly onHastyAnswer: () => Promise<void>;
}

const HASTY_MS = 100;
const PAUSE_MS = { step: 200, max: 2_000 };

/** Long-polls the run's open commands until the attempt is over. Rejects when the manager refuses. */
export async function feedCommands(options: CommandFeedOptions): Promise<void> {
  const { api, scope, waitMs, onList, onHastyAnswer } = options;
  let afterSeq = 0;
  let hasty = 0;
  while (!scope.isOver) {
    const askedAt = performance.now();
    const list = await api.openCommands({ afterSeq, waitMs, signal: scope.signal });
    onList(list);
    afterSeq = list.items.reduce((seq, command) => Math.max(seq, command.seq), afterSeq);
    const isHasty = list.items.length === 0 && performance.now() - askedAt < HASTY_MS;
    hasty = isHasty ? hasty + 1 : 0;
    if (!isHasty) continue;
    // A mark that stays, such as a cancel being carried out, answers every poll at once.
    await onHastyAnswer();
    await delay(Math.min(PAUSE_MS.max, PAUSE_MS.step * hasty), undefined, { signal: scope.signal });
  }
}
