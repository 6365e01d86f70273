import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { projectRoot } from '../../scripts/project-root.js';
import type { HistoryFact } from '../../src/domain/run-history.js';
import { historyFacts } from '../../src/temporal/history-facts.js';

/** What recorded lives tell, but for what was written to the records. */
const LIVES: Record<string, string[]> = {
  'runner-lost-then-second-attempt': [
    'execution-started',
    'launchRunnerJob of attempt 1',
    'runner-exited',
    'revokeLease of attempt 1',
    'stopRunnerJob of attempt 1',
    'backoff',
    'launchRunnerJob of attempt 2',
    'stopRunnerJob of attempt 2',
    'completed',
  ],
  'cancelled-in-temporal-while-running': [
    'execution-started',
    'launchRunnerJob of attempt 1',
    'cancel-requested',
    'stopRunnerJob of attempt 1',
    'completed',
  ],
  'start-failed-platform-refused': [
    'execution-started',
    'launchRunnerJob of attempt 1: the environment given is too large to start a process with',
    'revokeLease of attempt 1',
    'stopRunnerJob of attempt 1',
    'runner-exited',
    'launchRunnerJob of attempt 2: the environment given is too large to start a process with',
    'revokeLease of attempt 2',
    'stopRunnerJob of attempt 2',
    'completed',
  ],
  'continued-as-new.2': ['execution-started', 'continued'],
};

function words(fact: HistoryFact): string {
  if (fact.what === 'activity-ended') {
    const attempt = fact.attempt === null ? '' : ` of attempt ${fact.attempt}`;
    return `${fact.activity}${attempt}${fact.failure === null ? '' : `: ${fact.failure}`}`;
  }
  if (fact.what === 'timer-fired') return fact.name;
  return fact.what === 'execution-ended' ? fact.how : fact.what;
}

describe('what a history tells', () => {
  for (const [life, expected] of Object.entries(LIVES)) {
    it(`of ${life}`, () => {
      const recorded: unknown = JSON.parse(readFileSync(join(projectRoot, 'test/histories', `${life}.json`), 'utf8'));
      const { facts, timers } = historyFacts(historyFromJSON(recorded).events ?? []);
      assert.deepEqual(
        facts.map(words).filter((fact) => !fact.startsWith('projectRun')),
        expected,
      );
      assert.ok(facts.every(({ atMs }, index) => index === 0 || atMs >= (facts[index - 1]?.atMs ?? 0)));
      if (expected.at(-1) === 'completed') assert.deepEqual(timers, []);
    });
  }

  it('that begins in its middle: the end of what it does not know is left out', () => {
    const file = join(projectRoot, 'test/histories/runner-lost-then-second-attempt.json');
    const { events } = historyFromJSON(JSON.parse(readFileSync(file, 'utf8')));
    const { facts } = historyFacts((events ?? []).slice(121));
    assert.deepEqual(
      facts.map(words).filter((fact) => !fact.startsWith('projectRun')),
      ['stopRunnerJob of attempt 2', 'completed'],
    );
  });
});
