import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import pc from 'picocolors';
import { EventLines } from '../../../src/cli/event-lines.js';
import type { Output } from '../../../src/cli/output.js';
import { Screen } from '../../../src/cli/screen.js';
import type { EventType } from '../../../src/domain/event-types.js';
import { eventRecord } from '../run-result/facts.js';

/** What a person without a terminal reads on standard output. */
function shown(...events: [EventType, Record<string, unknown>][]): string {
  let written = '';
  const output = (write: (text: string) => void): Output => ({
    isTerminal: false,
    colors: pc.createColors(false),
    width: Infinity,
    write,
  });
  const screen = new Screen(
    output((text) => (written += text)),
    output(() => {}),
  );
  const lines = new EventLines(screen);
  events.forEach(([type, payload], index) => lines.show(eventRecord(index + 1, type, payload)));
  return written;
}

const message = (text: string, status?: string, itemId = 'a'): [EventType, Record<string, unknown>] => [
  'assistant_message',
  { text, itemId, ...(status && { status }) },
];

describe('events as a person reads them', () => {
  it('show a message that comes in pieces once', () => {
    assert.equal(
      shown(message('He', 'in_progress'), message('llo', 'in_progress'), message('Hello', 'completed')),
      'Hello\n',
    );
  });

  it('show a message of which no piece came, or not all', () => {
    assert.equal(shown(message('Hello', 'completed'), message('there')), 'Hello\nthere\n');
    assert.equal(shown(message('He', 'in_progress'), message('Hello', 'completed')), 'Hello\n');
  });

  it('keep a message that was cut off apart from what comes next', () => {
    const events = [
      message('I will', 'in_progress'),
      message('Then', 'in_progress', 'b'),
      message('Then.', 'completed', 'b'),
    ];
    assert.equal(shown(...events), 'I will\nThen.\n');
    assert.equal(shown(message('I will', 'in_progress'), ['user_message', { text: 'stop' }]), 'I will\n› stop\n');
  });

  it('show each word once also when something comes between the pieces', () => {
    const output: [EventType, Record<string, unknown>] = ['command_output', { text: 'out\n' }];
    const events = [message('He', 'in_progress'), output, message('llo', 'in_progress'), message('Hello', 'completed')];
    assert.equal(shown(...events), 'He\nout\nllo\n');
  });

  it('say so when the beginning of an output comes late', () => {
    const printed = shown(['command_output', { text: 'b\n' }], ['command_output', { text: 'a\n', offset: 0 }]);
    assert.equal(printed, 'b\n· printed before that:\na\n');
  });

  it('show of a growing diff the files that changed', () => {
    const one = 'diff --git a/1 b/1\n+one\n';
    const two = 'diff --git a/2 b/2\n+two\n';
    const changed = 'diff --git a/2 b/2\n+other\n';
    const diffs = [one, one + two, one + two, one + changed].map((diff): [EventType, Record<string, unknown>] => [
      'diff',
      { diff },
    ]);
    assert.equal(shown(...diffs), one + two + changed);
  });
});
