import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  attentionState,
  ATTENTION_STATES,
  BY_URGENCY,
  type AttentionFacts,
  type AttentionState,
} from '../../../src/domain/attention.js';

const QUIET: AttentionFacts = {
  active: false,
  stalled: false,
  terminalStatus: null,
  failureKind: null,
  unread: false,
};

const CASES: [AttentionState, string, Partial<AttentionFacts>][] = [
  ['none', 'nothing happened', {}],
  ['unread', 'it completed', { terminalStatus: 'completed', unread: true }],
  ['none', 'it completed, and that was seen', { terminalStatus: 'completed' }],
  ['unread', 'it was cancelled', { terminalStatus: 'cancelled', failureKind: 'cancelled', unread: true }],
  ['failed', 'it failed', { terminalStatus: 'failed', failureKind: 'runner-lost', unread: true }],
  ['failed', 'it failed without a kind', { terminalStatus: 'failed', unread: true }],
  ['none', 'it failed, and that was seen', { terminalStatus: 'failed', failureKind: 'runner-lost' }],
  ['needs-input', 'it asks', { terminalStatus: 'blocked', unread: true }],
  ['needs-input', 'it asks, however often that is read', { terminalStatus: 'blocked' }],
  ['blocked', 'it cannot go on', { terminalStatus: 'blocked', failureKind: 'budget-exceeded', unread: true }],
  ['blocked', 'it cannot go on, however often that is read', { terminalStatus: 'blocked', failureKind: 'runner-lost' }],
  ['active-session', 'something works', { active: true }],
  ['active-session', 'something works after it failed', { active: true, terminalStatus: 'failed', unread: true }],
  ['active-session', 'something works after it was blocked', { active: true, terminalStatus: 'blocked' }],
  ['stalled', 'what works does not show itself', { active: true, stalled: true }],
  ['stalled', 'a task’s own run does not show itself', { stalled: true, unread: true }],
  ['unread', 'an earlier end was not seen', { unread: true }],
];

describe('attentionState', () => {
  for (const [expected, when, facts] of CASES) {
    it(`is ${expected} when ${when}`, () => {
      assert.equal(attentionState({ ...QUIET, ...facts }), expected);
    });
  }

  it('has an urgency for each word', () => {
    assert.deepEqual([...BY_URGENCY].sort(), [...ATTENTION_STATES].sort());
  });
});
