import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { unifiedDiff } from '../../../src/runner/backends/acp/unified-diff.js';

describe('a change of a text as a diff', () => {
  it('is that of a new file where there was none', () => {
    const diff = unifiedDiff({ path: '/w/a/b.txt', newText: 'one\ntwo' }, '/w');
    const lines = ['diff --git a/a/b.txt b/a/b.txt', 'new file mode 100644', '--- /dev/null', '+++ b/a/b.txt'];
    assert.equal(diff, [...lines, '@@ -0,0 +1,2 @@', '+one', '+two', '\\ No newline at end of file', ''].join('\n'));
  });

  it('is nothing where nothing changed', () => {
    assert.equal(unifiedDiff({ path: 'x', oldText: 'a\n', newText: 'a\n' }, '/w'), '');
    assert.equal(unifiedDiff({ path: 'x', oldText: null, newText: '' }, '/w'), '');
  });

  it('names a file elsewhere by its whole path', () => {
    assert.match(
      unifiedDiff({ path: '/etc/x', oldText: 'a', newText: 'b' }, '/w'),
      /^diff --git a\/etc\/x b\/etc\/x\n/,
    );
  });

  it('makes, by git, the new text of the old', () => {
    const folder = mkdtempSync(join(tmpdir(), 'agentrun-diff-'));
    const line = fc.constantFrom('a', 'b', 'c', '', 'long line');
    const text = fc
      .tuple(fc.array(line, { maxLength: 14 }), fc.boolean())
      .map(([lines, ends]) => lines.join('\n') + (ends ? '\n' : ''));
    const applied = (oldText: string, newText: string) => {
      writeFileSync(join(folder, 'f'), oldText);
      const diff = unifiedDiff({ path: 'f', oldText, newText }, folder);
      if (diff !== '') execFileSync('git', ['apply', '--whitespace=nowarn', '-'], { cwd: folder, input: diff });
      return readFileSync(join(folder, 'f'), 'utf8');
    };
    try {
      const changes = fc.property(text, text, (oldText, newText) => {
        // Git does not tell a file that is emptied from one that is deleted without being told.
        fc.pre(oldText !== '' && newText !== '');
        assert.equal(applied(oldText, newText), newText);
      });
      fc.assert(changes, { numRuns: 60 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
