import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { projectRoot } from '../../../scripts/project-root.js';
import { TASK_RETRIES } from '../../../src/domain/task-retries.js';

describe('what a task tries again', () => {
  it('stands in docs/queue.md as it is decided', () => {
    const page = readFileSync(join(projectRoot, 'docs/queue.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (yes|no) +\| (.*?) +\|$/gm)].map(([, ...cells]) => cells);
    const decided = Object.entries(TASK_RETRIES).map(([kind, { retried, because }]) => [
      kind,
      retried ? 'yes' : 'no',
      because,
    ]);
    assert.deepEqual(rows, decided);
  });
});
