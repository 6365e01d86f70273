import { setTimeout as delay } from 'node:timers/promises';
import type { CommandList } from '../../contract/command.js';
import type { AttemptScope } from '../attempt-scope.js';
import type { RunApi } from '../run-api.js';

export interface CommandFeedOptions {
  readonly api: Pick<RunApi, 'openCommands'>;
  readonly scope: AttemptScope;
  readonly waitMs: number;
  readonly onList: (list: CommandList) => void;
}

const HASTY_MS = 100;
const PAUSE_MS = { step: 200, max: 2_000 };

/** Long-polls the run's open commands until the attempt is over. Rejects when the manager refuses. */
export async function feedCommands(options: CommandFeedOptions): Promise<void> {
  const { api, scope, waitMs, onList } = options;
  let [afterSeq, hasty, knownCancelMark] = [0, 0, ''];
  while (!scope.isOver) {
    const askedAt = performance.now();
    const list = await api.openCommands({ afterSeq, waitMs, knownCancelMark, signal: scope.signal });
    onList(list);
    knownCancelMark = list.cancelMark;
    afterSeq = list.items.reduce((seq, command) => Math.max(seq, command.seq), afterSeq);
    const isHasty = list.items.length === 0 && performance.now() - askedAt < HASTY_MS;
    hasty = isHasty ? hasty + 1 : 0;
    // New cancel marks are told at once as well; but nothing that is told again and again may make this loop spin.
    if (!isHasty) continue;
    await delay(Math.min(PAUSE_MS.max, PAUSE_MS.step * (hasty - 1)), undefined, { signal: scope.signal });
  }
}
