import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { projectRoot } from '../../../scripts/project-root.js';
import { RunResult } from '../../../src/contract/result.js';
import { isTerminalStatus } from '../../../src/domain/outcome.js';
import { validated } from '../../../src/http/validation/validate.js';
import { buildRunResult } from '../../../src/run-result/build-run-result.js';
import type { RunFacts } from '../../../src/run-result/run-facts.js';
import { PROVIDER_KEY } from '../../support/endings/ending-stage.js';
import { endingSets } from '../../support/endings/all-endings.js';
import { endingsPage } from '../../support/endings/endings-page.js';
import { readRecorded } from '../../support/endings/recorded.js';
import { OF_PROVIDERS } from './expected/of-providers.js';
import { OF_RUNNERS } from './expected/of-runners.js';
import { OF_TURNS } from './expected/of-turns.js';
import { expectationOf } from './expectation.js';

const EXPECTED = { ...OF_PROVIDERS, ...OF_TURNS, ...OF_RUNNERS };
const HOUR_MS = 3_600_000;

const recorded = readRecorded();
const factsOf = (name: string): RunFacts => recorded.get(name)?.facts ?? assert.fail(`${name} is not recorded`);
const resultOf = (facts: RunFacts) => validated(RunResult, buildRunResult(facts));
const later = (facts: RunFacts, ms: number): RunFacts => ({ ...facts, nowMs: facts.nowMs + ms });

describe('how a recorded run ended', () => {
  it('is expected of each recording, and each recording is one that can be made anew', () => {
    const names = [...recorded.keys()];
    const lives = endingSets.flatMap(({ endings }) => Object.keys(endings));
    assert.deepEqual(Object.keys(EXPECTED).sort(), names);
    assert.deepEqual(lives.sort(), names);
  });

  for (const [name, { what, facts }] of recorded) {
    it(`${name}: ${what}`, () => {
      assert.deepEqual(expectationOf(resultOf(facts)), EXPECTED[name]);
    });

    it(`${name} is diagnosed in one sentence, with actions that name what they act on, and without the key`, () => {
      const { diagnosis, liveness } = resultOf(facts);
      assert.match(diagnosis, /^[A-Z][^\n]*; [^\n]*\.$/);
      assert.ok(diagnosis.length <= 400, `${diagnosis.length}`);
      assert.ok(!JSON.stringify(recorded.get(name)).includes(PROVIDER_KEY));
      const actions = liveness.recoveryActions.map(({ action }) => action);
      assert.equal(new Set(actions).size, actions.length);
      const profiles = liveness.recoveryActions.filter(({ resourceKind }) => resourceKind === 'provider-profile');
      for (const { resourceName } of profiles) assert.equal(resourceName, facts.run.backendProfile);
    });

    it(`${name} ${isOver(facts) ? 'is told the same an hour later' : 'is told with other ages an hour later'}`, () => {
      const [now, then] = [resultOf(facts), resultOf(later(facts, HOUR_MS))];
      const ageOf = (result: RunResult) => result.liveness.lastEventAgeMs ?? 0;
      if (facts.lastEventAtMs !== null) assert.equal(ageOf(then), ageOf(now) + HOUR_MS);
      if (!isOver(facts)) return;
      assert.deepEqual(expectationOf(then), expectationOf(now));
      assert.deepEqual(
        then.liveness.timeoutBudget.commandElapsedMs,
        now.liveness.timeoutBudget.commandElapsedMs,
        'what is over does not grow older',
      );
    });
  }

  it('stands in docs/endings.md as it is told', () => {
    const page = readFileSync(join(projectRoot, 'docs/endings.md'), 'utf8');
    assert.equal(page, endingsPage(page, recorded), '`npm run record:endings -- --page` makes it anew');
  });
});

describe('a recorded run that lives, looked at later', () => {
  const at = (name: string, ms: number) => resultOf(later(factsOf(name), ms));

  it('in a turn has less and less of its nearer limit, and then its lease is over', () => {
    const states = [0, 60_000, 170_000].map((ms) => at('turn-running', ms).liveness.timeoutBudget);
    assert.deepEqual(
      states.map(({ state, timeoutKind }) => [state, timeoutKind]),
      Array(3).fill(['within-budget', 'idle']),
    );
    assert.equal(states[0]!.remainingMs - states[1]!.remainingMs, 60_000);
    const { liveness, diagnosis } = at('turn-running', HOUR_MS);
    assert.equal(liveness.phase, 'lease-expired');
    assert.equal(liveness.timeoutBudget.state, 'exceeded');
    assert.match(diagnosis, /^Runner \S+ let its lease run out \d+ min ago; attempt 2 of 3 follows\.$/);
  });

  it('that waits for a runner says for how long', () => {
    assert.match(at('waiting-for-runner', 5 * 60_000).diagnosis, /^No runner has claimed the run for 5 min; /);
    assert.match(at('waiting-for-runner', 2 * HOUR_MS).diagnosis, /^No runner has claimed the run for 2 h; /);
  });

  it('that is idle stays so while its lease lives', () => {
    assert.equal(at('idle', 60_000).liveness.phase, 'idle');
    assert.equal(at('idle', HOUR_MS).liveness.phase, 'lease-expired');
  });
});

function isOver({ run, command }: RunFacts): boolean {
  return isTerminalStatus(run.status) && (command ?? run).terminalStatus !== null;
}
