import { buildRunResult } from '../../../src/run-result/build-run-result.js';
import { endingSets } from './all-endings.js';
import type { RecordedEnding } from './ending.js';

const START = '<!-- recorded: from here to the end made by `npm run record:endings` -->';

/** docs/endings.md with its tables made anew from the recordings; what stands before them stays as it is. */
export function endingsPage(page: string, recorded: ReadonlyMap<string, RecordedEnding>): string {
  const [before] = page.split(START, 1);
  const names = endingSets.flatMap(({ endings }) => Object.keys(endings));
  const rows = names.flatMap((name) => recorded.get(name) ?? []);
  const isOver = ({ facts: { run, command } }: RecordedEnding) => (command ?? run).terminalStatus !== null;
  const ended = table(
    ['What happens', 'Ends', '`failureKind`', 'The diagnosis', 'Actions'],
    rows.filter(isOver),
    (row) => {
      const { terminalStatus, failureKind, diagnosis, actions } = resultOf(row);
      return [row.what, terminalStatus ?? '', failureKind === null ? '' : `\`${failureKind}\``, diagnosis, actions];
    },
  );
  const isLive = (row: RecordedEnding) => !isOver(row);
  const live = table(['What happens', 'Phase', 'The diagnosis', 'Actions'], rows.filter(isLive), (row) => {
    const { liveness, diagnosis, actions } = resultOf(row);
    return [row.what, `\`${liveness.phase}\``, diagnosis, actions];
  });
  return [`${before}${START}`, '<!-- prettier-ignore-start -->', '## Ends', ended, '## While it lives', live]
    .concat('<!-- prettier-ignore-end -->')
    .join('\n\n')
    .concat('\n');
}

function resultOf({ facts }: RecordedEnding) {
  const result = buildRunResult(facts);
  const actions = result.liveness.recoveryActions.map(({ action }) => `\`${action}\``).join(', ');
  return { ...result, actions };
}

function table(head: string[], rows: readonly RecordedEnding[], cells: (row: RecordedEnding) => string[]): string {
  const line = (texts: string[]) => `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(cells(row)))].join('\n');
}
