import assert from 'node:assert/strict';
import { sessionExecutionState } from '../../../src/domain/session-state.js';

type Run = Parameters<typeof sessionExecutionState>[0];

describe('the execution state of a session', () => {
  const cases: [string, Run, ReturnType<typeof sessionExecutionState>][] = [
    ['a run that nobody spoke to yet', { status: 'pending', openTurn: 'none', begun: false }, 'pending'],
    ['a first turn that waits', { status: 'pending', openTurn: 'waiting', begun: true }, 'pending'],
    ['a turn that is worked on', { status: 'running', openTurn: 'taken', begun: true }, 'running'],
    [
      'a turn that waits for the runner that has the run',
      { status: 'running', openTurn: 'waiting', begun: true },
      'pending',
    ],
    ['a runner between turns', { status: 'running', openTurn: 'none', begun: true }, 'idle'],
    ['a runner that was lost between turns', { status: 'pending', openTurn: 'none', begun: true }, 'idle'],
    ['the next runner, between turns', { status: 'claimed', openTurn: 'none', begun: true }, 'idle'],
    ['a runner that was lost in a turn', { status: 'pending', openTurn: 'waiting', begun: true }, 'pending'],
    ['a run that ended', { status: 'failed', openTurn: 'none', begun: true }, 'terminal'],
  ];
  for (const [what, run, state] of cases) {
    it(`is ${state} with ${what}`, () => assert.equal(sessionExecutionState(run), state));
  }
});
