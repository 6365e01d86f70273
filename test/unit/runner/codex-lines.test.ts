import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { LineSplitter } from '../../../src/runner/backends/codex/line-splitter.js';

function split(chunks: Buffer[], maxBytes = 1_000): { lines: string[]; tooLong: number } {
  const lines: string[] = [];
  let tooLong = 0;
  const splitter = new LineSplitter(
    maxBytes,
    (line) => lines.push(line),
    () => (tooLong += 1),
  );
  for (const chunk of chunks) splitter.push(chunk);
  return { lines, tooLong };
}

describe('lines of a stream', () => {
  it('are the same however the bytes are cut', () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\n'));
    fc.assert(
      fc.property(fc.array(line), fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (lines, sizes) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length;) {
          const size = sizes.next().value as number;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        assert.deepEqual(split(chunks).lines, lines);
      }),
    );
  });

  it('that are too long are dropped whole, told once, and cost the next ones nothing', () => {
    const chunks = ['one\n', 'x'.repeat(8), 'x'.repeat(8), 'x'.repeat(8), '\ntwo\n'].map((text) => Buffer.from(text));
    assert.deepEqual(split(chunks, 10), { lines: ['one', 'two'], tooLong: 1 });
  });

  it('without an end are not told yet', () => {
    assert.deepEqual(split([Buffer.from('a\nhalf')]).lines, ['a']);
  });
});
