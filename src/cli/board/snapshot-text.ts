import type { Output } from '../output.js';
import { shortAge } from '../durations.js';
import { table } from '../table.js';
import { nearestCap } from '../task-budget.js';
import { taskName, taskWhy, taskWord, tries } from '../task-words.js';
import { headerLines } from './board-header.js';
import { HEADINGS } from './board-list.js';
import { GROUPS, rowsOf, sinceOf } from './board-rows.js';
import { firstState, type BoardData } from './board-state.js';

/** The board once, for a mail or a log: nothing cut, with the ids to go on with. Pure. */
export function snapshotText(data: BoardData, queue: string | null, { colors }: Pick<Output, 'colors'>): string {
  const state = { ...firstState(queue, data.atMs), data, size: { columns: WIDE, rows: 0 } };
  const rows = rowsOf(data.tasks);
  const parts = GROUPS.flatMap((group) => {
    const here = rows.filter((row) => row.group === group);
    const cells = here.map(({ task }) => [
      `  ${task.unread ? '•' : ' '}`,
      taskWord(task, colors),
      task.id,
      taskName(task),
      task.queue,
      tries(task),
      shortAge(data.atMs - Date.parse(sinceOf(task))),
      nearestCap(task)?.text ?? '',
      taskWhy(task, data.atMs),
    ]);
    return here.length === 0 ? [] : ['', colors.bold(`${HEADINGS[group]}  ${here.length}`), table(cells)];
  });
  const header = headerLines(state, colors).map((line) => line.trimEnd().replace(/ {3,}/g, '   '));
  return [...header, ...(parts.length === 0 ? ['', 'There are no tasks here.'] : parts)].join('\n');
}

/** Wide enough for whatever a header says. */
const WIDE = 400;
