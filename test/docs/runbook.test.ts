import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { projectRoot } from '../../scripts/project-root.js';
import { LIVENESS_PHASES } from '../../src/contract/result.js';
import { FAILURE_KINDS } from '../../src/domain/failure-kinds.js';
import { JOB_END_REASONS } from '../../src/domain/job-end-reasons.js';
import { NEXT_ACTIONS } from '../../src/domain/next-actions.js';
import { TASK_PHASES } from '../../src/domain/task-lifecycle.js';

/** Without a failure kind of its own: what a classification calls an agent's question. */
const NEEDS_INPUT = 'needs-input';

const page = readFileSync(join(projectRoot, 'docs/runbook.md'), 'utf8');

/** A chapter's text, by its heading. */
function chapter(title: string): string {
  const [, text] = page.split(`\n## ${title}\n`);
  assert.ok(text, `there is no chapter ${title}`);
  return text.split('\n## ')[0] ?? '';
}

const headed = (title: string) => [...chapter(title).matchAll(/^### `([^`]+)`$/gm)].map(([, code]) => code);
const tabled = (title: string) => [...chapter(title).matchAll(/^\| `([^`]+)`/gm)].map(([, code]) => code);
const sorted = (codes: readonly (string | undefined)[]) => [...codes].sort();

describe('the runbook', () => {
  it('has a section for each way in which something can end, and no other', () => {
    assert.deepEqual(sorted(headed('How it ended')), sorted([...FAILURE_KINDS, NEEDS_INPUT]));
  });

  it('has a section for each phase of a run that lives', () => {
    assert.deepEqual(sorted(headed('While it lives')), sorted(LIVENESS_PHASES));
  });

  it('has a row for each phase of a task, each end of a Job and each next action', () => {
    assert.deepEqual(sorted(tabled('A task that waits')), sorted(TASK_PHASES));
    assert.deepEqual(sorted(tabled('Why a Job ended')), sorted(JOB_END_REASONS));
    assert.deepEqual(sorted(tabled('What can be done next')), sorted(NEXT_ACTIONS));
  });

  it('says in each section what is seen, why, where to look, what to do and how to verify it', () => {
    const sections = page.split('\n### ').slice(1);
    for (const section of sections) {
      const told = [...section.matchAll(/^- \*\*([^*]+)\*\*: \S/gm)].map(([, word]) => word);
      assert.deepEqual(told, ['You see', 'Why', 'Look', 'Do', 'Verify'], section.split('\n')[0]);
    }
  });
});
