import assert from 'node:assert/strict';
import { diffFiles } from '../../../src/console/model/diff-files.js';
import { foldRows, groupKeyOf } from '../../../src/console/model/fold-rows.js';
import { targetRow } from '../../../src/console/model/row-target.js';
import { Transcript } from '../../../src/console/model/transcript.js';
import type { TranscriptRow } from '../../../src/console/model/transcript-rows.js';
import { eventsOf } from './events.js';

function rowsWithCalls(calls: number): TranscriptRow[] {
  const call = (index: number) =>
    [
      'tool_call',
      { toolName: 'shell', status: 'completed', exitCode: index === 2 ? 1 : 0, itemId: `t${index}` },
    ] as const;
  const transcript = new Transcript();
  transcript.append(
    eventsOf([
      ['assistant_message', { text: 'before', itemId: 'm' }],
      ...Array.from({ length: calls }, (_, index) => call(index)),
      ['assistant_message', { text: 'after', itemId: 'n' }],
    ]),
  );
  return transcript.rows;
}

describe('rows in a list', () => {
  it('stand for themselves up to four calls, and as a group from five on, with how many failed', () => {
    assert.deepEqual(
      foldRows(rowsWithCalls(4), () => false).map(({ kind }) => kind),
      Array(7).fill('row'),
    );
    const items = foldRows(rowsWithCalls(5), () => false);
    assert.deepEqual(
      items.map(({ kind }) => kind),
      ['row', 'row', 'group', 'row'],
    );
    const group = items[2];
    assert.ok(group?.kind === 'group' && group.failed === 1 && group.rows.length === 5);
  });

  it('follow a group that is open, and know the group that they are in', () => {
    const rows = rowsWithCalls(6);
    const items = foldRows(rows, () => true);
    assert.equal(items.filter((item) => item.kind === 'row' && item.isInGroup).length, 6);
    const [inGroup] = rows.filter(({ kind }) => kind === 'tool');
    assert.equal(groupKeyOf(rows, inGroup?.key ?? ''), items.find(({ kind }) => kind === 'group')?.key);
    assert.equal(groupKeyOf(rows, rows[1]?.key ?? ''), undefined);
  });

  it('are found by the event that a link names, unless it may be further back', () => {
    const rows = rowsWithCalls(3);
    assert.equal(targetRow(rows, { seq: 3 }, true)?.seq, 3);
    assert.equal(targetRow(rows, { seq: 99 }, true)?.seq, 5);
    assert.equal(targetRow(rows, { runId: 'run_other', seq: 1 }, false), undefined);
  });
});

describe('a diff', () => {
  it('is read file by file, with lines told by what they are', () => {
    const files = diffFiles(
      [
        'diff --git a/x b/x',
        'index 1..2',
        '--- a/x',
        '+++ b/x',
        '@@ -1,2 +1,2 @@',
        ' same',
        '---was',
        '+++is',
        'diff --git a/gone b/gone',
        'deleted file mode 100644',
        '--- a/gone',
        '+++ /dev/null',
        '@@ -1 +0,0 @@',
        '-all',
        '',
      ].join('\n'),
    );
    assert.deepEqual(
      files.map(({ path, added, removed }) => [path, added, removed]),
      [
        ['x', 1, 1],
        ['gone', 0, 1],
      ],
    );
    assert.deepEqual(
      files[0]?.lines.map(({ kind }) => kind),
      ['meta', 'meta', 'meta', 'meta', 'hunk', 'context', 'removed', 'added'],
    );
  });
});
