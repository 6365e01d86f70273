import assert from 'node:assert/strict';
import { Transcript } from '../../../src/console/model/transcript.js';
import type { ToolTranscriptRow, TranscriptRow } from '../../../src/console/model/transcript-rows.js';
import type { EventRecord } from '../../../src/contract/event.js';
import { eventsOf } from './events.js';

function rowsOf(...batches: EventRecord[][]): TranscriptRow[] {
  const transcript = new Transcript();
  for (const batch of batches) transcript.append(batch);
  return transcript.rows.filter(({ kind }) => kind !== 'run');
}

describe('a transcript', () => {
  it('makes one row of a message that comes in pieces, and takes its whole text at last', () => {
    const piece = (text: string) => ['assistant_message', { text, itemId: 'm1', status: 'in_progress' }] as const;
    const events = eventsOf([piece('Hel'), piece('lo'), ['assistant_message', { text: 'Hello.', itemId: 'm1' }]]);
    const [open] = rowsOf(events.slice(0, 2));
    assert.ok(open?.kind === 'assistant' && open.isOpen);
    assert.equal(open.text, 'Hello');
    const rows = rowsOf(events);
    assert.deepEqual(
      rows.map((row) => row.kind === 'assistant' && [row.text, row.isOpen, row.seq, row.lastSeq]),
      [['Hello.', false, 1, 3]],
    );
  });

  it('puts the output of a call into its row, and how it ended', () => {
    const [row] = rowsOf(
      eventsOf([
        ['tool_call', { toolName: 'shell', summary: 'npm test', status: 'running', itemId: 't1' }],
        ['command_output', { text: 'one\n', itemId: 't1' }],
        ['command_output', { text: 'two\n', itemId: 't1' }],
        [
          'tool_call',
          { toolName: 'shell', summary: '', status: 'completed', exitCode: 1, durationMs: 40, itemId: 't1' },
        ],
      ]),
    );
    const { target, output, status, exitCode, durationMs } = row as ToolTranscriptRow;
    assert.deepEqual(
      { target, output, status, exitCode, durationMs },
      { target: 'npm test', output: 'one\ntwo\n', status: 'failed', exitCode: 1, durationMs: 40 },
    );
  });

  it('puts output that was printed before what is known in front of it', () => {
    const [row] = rowsOf(
      eventsOf([
        ['command_output', { text: 'second', itemId: 't' }],
        ['command_output', { text: 'first ', itemId: 't', offset: 0 }],
      ]),
    );
    assert.equal((row as ToolTranscriptRow).output, 'first second');
  });

  it('holds the end of an output that has no end, and says how much it does not hold', () => {
    const line = 'x'.repeat(100_000);
    const events = eventsOf(Array.from({ length: 12 }, () => ['command_output', { text: line, itemId: 't' }] as const));
    const [row] = rowsOf(events) as ToolTranscriptRow[];
    assert.ok(row !== undefined && row.output.length <= 500_000);
    assert.equal(row.output.length + row.outputCut, 1_200_000);
  });

  it('leaves rows that did not change the same objects', () => {
    const transcript = new Transcript();
    const events = eventsOf([
      ['assistant_message', { text: 'done', itemId: 'm1' }],
      ['tool_call', { toolName: 'shell', status: 'running', itemId: 't1' }],
      ['command_output', { text: 'more', itemId: 't1' }],
    ]);
    transcript.append(events.slice(0, 2));
    const before = [...transcript.rows];
    transcript.append(events.slice(2));
    assert.deepEqual(
      transcript.rows.map((row, index) => row === before[index]),
      [true, true, false],
    );
  });

  it('shows of a diff that grows what is new, and marks the older one of the same file', () => {
    const diff = (lines: string) => `diff --git a/a.js b/a.js\n--- a/a.js\n+++ b/a.js\n@@ -1 +1 @@\n${lines}\n`;
    const other = 'diff --git a/b.js b/b.js\n--- a/b.js\n+++ b/b.js\n@@ -1 +1 @@\n+b\n';
    const rows = rowsOf(
      eventsOf([
        ['diff', { diff: diff('+one') }],
        ['diff', { diff: diff('+one') }],
        ['diff', { diff: diff('+two') + other }],
      ]),
    );
    assert.deepEqual(
      rows.map((row) => row.kind === 'diff' && [row.seq, row.isSuperseded, row.files.map(({ path }) => path)]),
      [
        [1, true, ['a.js']],
        [3, false, ['a.js', 'b.js']],
      ],
    );
  });

  it('says where one run ends and the next begins', () => {
    const transcript = new Transcript();
    transcript.append([
      ...eventsOf([['terminal_status', { terminalStatus: 'failed', failureKind: 'runner-lost' }]], 'run_1'),
      ...eventsOf([['user_message', { text: 'again' }]], 'run_2'),
    ]);
    assert.deepEqual(
      transcript.rows.map(({ kind, runId }) => [kind, runId]),
      [
        ['run', 'run_1'],
        ['end', 'run_1'],
        ['run', 'run_2'],
        ['user', 'run_2'],
      ],
    );
  });

  it('shows a steer that no message repeats, and one that a message repeats once', () => {
    const delivered = (commandId: string) => ['backend_status', { phase: 'steer-delivered', commandId }] as const;
    const rows = rowsOf(
      eventsOf([delivered('cmd_1'), ['user_message', { text: 'so', commandId: 'cmd_2' }], delivered('cmd_2')]),
    );
    assert.deepEqual(
      rows.map(({ kind, commandId }) => [kind, commandId]),
      [
        ['steer', 'cmd_1'],
        ['user', 'cmd_2'],
      ],
    );
  });
});
