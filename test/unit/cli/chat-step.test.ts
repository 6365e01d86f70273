import assert from 'node:assert/strict';
import type { SessionSent } from '../../../src/contract/session-send.js';
import type { SessionSummary } from '../../../src/contract/session.js';
import {
  FIRST_STATE,
  promptLabel,
  statusLine,
  type ChatEffect,
  type ChatInput,
  type ChatState,
} from '../../../src/cli/chat/chat-state.js';
import { chatStep } from '../../../src/cli/chat/chat-step.js';
import { textOf } from '../../../src/cli/terminal/draft.js';
import type { Key } from '../../../src/cli/terminal/keys.js';

const LIVE = { runId: 'run_1', commandId: 'cmd_1' };

const key = (kind: Exclude<Key['kind'], 'text' | 'paste' | 'edit'>, atMs = 0): ChatInput => ({
  type: 'key',
  key: { kind },
  atMs,
});
const text = (typed: string): ChatInput => ({ type: 'key', key: { kind: 'text', text: typed }, atMs: 0 });
const phase = (name: string, seq: number, more: Record<string, unknown> = {}): ChatInput => ({
  type: 'event',
  event: {
    id: `evt_${seq}`,
    runId: 'run_1',
    seq,
    type: 'backend_status',
    payload: { phase: name, ...more },
    createdAt: '',
  },
});
const said = (what: string): ChatInput => ({
  type: 'event',
  event: {
    id: 'evt',
    runId: 'run_1',
    seq: 5,
    type: 'user_message',
    payload: { text: what },
    createdAt: '',
  },
});
const sent = (sendId: number, decision: 'steer' | 'turn', commandId: string): ChatInput => ({
  type: 'sent',
  sendId,
  answer: { decision, command: { id: commandId }, run: { id: 'run_1' } } as SessionSent,
});
const unsent = (sendId: number, how: { isRefused?: boolean; isInDoubt?: boolean }): ChatInput => ({
  type: 'send-failed',
  sendId,
  key: 'key-1',
  message: 'no',
  isRefused: false,
  isInDoubt: false,
  ...how,
});
const session = (facts: Partial<SessionSummary>): ChatInput => ({ type: 'session', session: facts as SessionSummary });

function after(
  inputs: readonly ChatInput[],
  from: ChatState = FIRST_STATE,
): { state: ChatState; effects: ChatEffect[] } {
  const effects: ChatEffect[] = [];
  let state = from;
  for (const input of inputs) {
    const step = chatStep(state, input);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

const lines = (effects: readonly ChatEffect[]) =>
  effects.flatMap((effect) => (effect.do === 'say' ? [effect.text] : []));
/** The key of what was sent last; null where it gets a new one. */
const sentWith = (effects: readonly ChatEffect[]) => effects.findLast((effect) => effect.do === 'send')?.key;
const deeds = (effects: readonly ChatEffect[]) => effects.map((effect) => effect.do);

describe("what the chat's prompt says", () => {
  const started = phase('turn/started', 1, { commandId: 'cmd_1' });
  const ended = (terminalStatus: string) =>
    phase('command-terminal', 2, { commandId: 'cmd_1', commandType: 'turn', terminalStatus });
  const cases: [string, ChatInput[], string, RegExp][] = [
    ['a new session', [{ type: 'session', session: undefined }], 'send ›', /a new session/],
    [
      'one that is idle',
      [session({ executionState: 'idle', activeRunId: 'run_1', activeCommandId: null, terminalStatus: 'completed' })],
      'send ›',
      /✓ Done/,
    ],
    [
      'one whose turn works',
      [session({ executionState: 'running', activeRunId: 'run_1', activeCommandId: 'cmd_1' })],
      'steer ›',
      /▶ Running/,
    ],
    [
      'one whose turn waits',
      [session({ executionState: 'pending', activeRunId: 'run_1', activeCommandId: 'cmd_1' })],
      'send ›',
      /○ Queued/,
    ],
    [
      'one that is blocked',
      [session({ executionState: 'terminal', activeRunId: null, activeCommandId: null, terminalStatus: 'blocked' })],
      'answer ›',
      /◆ Needs you/,
    ],
    ['a turn that has begun', [started], 'steer ›', /▶ Running/],
    ['a turn that has ended well', [started, ended('completed')], 'send ›', /✓ Done/],
    ['a turn that has failed', [started, ended('failed')], 'send ›', /✕ Failed/],
    ['a turn that waits for an answer', [started, ended('blocked')], 'answer ›', /◆ Needs you/],
    ['a turn that asks while it works', [started, phase('needs-input', 2)], 'answer ›', /◆ Needs you/],
    ['a question that was answered', [started, ended('blocked'), text('yes'), key('enter')], 'send ›', /1 queued/],
    ['a turn whose attempt was lost', [started, phase('attempt-lost', 2)], 'send ›', /○ Queued/],
    ['a connection that is lost', [started, { type: 'connection', isLost: true }], 'steer ›', /connection is lost/],
  ];
  for (const [what, inputs, label, status] of cases) {
    it(`is ${label} for ${what}`, () => {
      const { state } = after(inputs);
      assert.equal(promptLabel(state), label);
      assert.match(statusLine(state).text, status);
    });
  }
});

describe('a message of the chat', () => {
  const live: ChatState = { ...FIRST_STATE, live: LIVE };
  const type = [text('hello'), key('enter')];

  it('is said and sent at once, and the draft is empty', () => {
    const { state, effects } = after(type, live);
    assert.deepEqual(effects, [
      { do: 'say', tone: 'own', text: 'hello' },
      { do: 'send', sendId: 1, text: 'hello', key: null },
    ]);
    assert.equal(textOf(state.draft), '');
  });

  it('is not sent where it is blank', () => {
    assert.deepEqual(after([text('  '), key('enter')]).effects, []);
  });

  it('is queued, then delivered by the event that proves it', () => {
    const { state, effects } = after(
      [...type, sent(1, 'steer', 'cmd_2'), phase('steer-delivered', 12, { commandId: 'cmd_2' })],
      live,
    );
    assert.deepEqual(lines(effects), ['hello', '◷ queued', '✓ delivered e12']);
    assert.deepEqual(state.sent, []);
  });

  it('is delivered also where the proof comes before the answer', () => {
    const { effects } = after(
      [...type, phase('steer-delivered', 12, { commandId: 'cmd_2' }), sent(1, 'steer', 'cmd_2')],
      live,
    );
    assert.deepEqual(lines(effects), ['hello', '✓ delivered e12']);
  });

  it('becomes the next turn where its turn had ended, by the event or by the decision', () => {
    const superseded = { commandId: 'cmd_2', commandType: 'steer', terminalStatus: 'cancelled', supersededBy: 'cmd_3' };
    const byEvent = after(
      [
        ...type,
        sent(1, 'steer', 'cmd_2'),
        phase('command-terminal', 9, superseded),
        phase('turn/started', 10, { commandId: 'cmd_3' }),
      ],
      live,
    );
    assert.deepEqual(lines(byEvent.effects).slice(1), [
      '◷ queued',
      '! turn ended: sent as the next turn',
      '✓ taken up e10',
    ]);
    const byDecision = after([...type, sent(1, 'turn', 'cmd_2')], live);
    assert.deepEqual(lines(byDecision.effects).slice(1), ['! turn ended: sent as the next turn']);
    const early = after([...type, phase('command-terminal', 9, superseded), sent(1, 'steer', 'cmd_2')], live);
    assert.deepEqual(lines(early.effects).slice(1), ['! turn ended: sent as the next turn']);
  });

  it('is told apart from others that are on their way', () => {
    const { effects } = after([...type, text('again'), key('enter'), sent(1, 'steer', 'cmd_2')], live);
    assert.equal(lines(effects).at(-1), '◷ queued  hello');
  });

  it('is the draft again where it could not be sent, or the first that Up brings back', () => {
    const failed = unsent(1, {});
    const free = after([...type, failed], live);
    assert.deepEqual([textOf(free.state.draft), lines(free.effects).at(-1)], ['hello', '✕ not sent: no']);
    const busy = after([...type, text('more'), failed], live);
    assert.deepEqual(
      [textOf(busy.state.draft), lines(busy.effects).at(-1)],
      ['more', '✕ not sent: no (Up brings it back)'],
    );
    const back = after([key('up')], busy.state);
    assert.equal(textOf(back.state.draft), 'hello');
    assert.equal(textOf(after([key('down')], back.state).state.draft), 'more');
  });

  const lost: ChatInput = { type: 'send-lost', sendId: 1, why: 'the manager is away' };
  const inDoubt = unsent(1, { isInDoubt: true });

  it('is sent again while the manager is away, which the line above the prompt says, until Ctrl-C stops it', () => {
    const { state } = after([...type, lost, text('a draft')], live);
    assert.match(statusLine(state).text, /the manager is away, sending again… · Ctrl-C stops that/);
    const stopped = after([key('interrupt')], state);
    assert.deepEqual([deeds(stopped.effects), textOf(stopped.state.draft)], [['stop-sending'], 'a draft']);
    const answered = after([sent(1, 'steer', 'cmd_2')], state);
    assert.doesNotMatch(statusLine(answered.state).text, /away/);
    assert.deepEqual(after([key('interrupt')], answered.state).effects, []);
  });

  it('keeps its key where it is not known whether it was sent, and says so, until it has an answer', () => {
    const { state, effects } = after([...type, lost, inDoubt], live);
    assert.equal(lines(effects).at(-1), '! not known whether it was sent: no');
    assert.match(statusLine(state).text, /not known whether it was sent; Enter sends the same again, once/);
    assert.equal(sentWith(after([key('enter')], state).effects), 'key-1');
    const awayAgain = after([key('enter'), unsent(2, {})], state);
    assert.equal(lines(awayAgain.effects).at(-1), '! not known whether it was sent: no', 'it was not known before');
    const answered = after([key('enter'), sent(3, 'steer', 'cmd_2')], awayAgain.state);
    assert.equal(sentWith(answered.effects), 'key-1');
    assert.equal(sentWith(after(type, answered.state).effects), null);
    const refused = after([key('enter'), unsent(2, { isRefused: true }), key('enter')], state);
    assert.equal(sentWith(refused.effects), 'key-1', 'a repeat that is refused says nothing of the first');
    const atOnce = after([...type, unsent(1, { isRefused: true }), key('enter')], live);
    assert.equal(sentWith(atOnce.effects), null);
  });

  it('has a key of its own where its text is changed, and that of before where Up brings it back', () => {
    const { state } = after([...type, inDoubt, text('!')], live);
    assert.doesNotMatch(statusLine(state).text, /not known/);
    const changed = after([key('enter')], state);
    assert.equal(sentWith(changed.effects), null);
    assert.equal(sentWith(after([key('up'), key('up'), key('enter')], changed.state).effects), 'key-1');
  });

  it('is over also where what became of it came before it was sent again', () => {
    const { state, effects } = after(
      [
        ...type,
        inDoubt,
        phase('turn/started', 3, { commandId: 'cmd_2' }),
        phase('command-terminal', 4, { commandId: 'cmd_2', commandType: 'turn', terminalStatus: 'completed' }),
        phase('steer-delivered', 5, { commandId: 'cmd_of_another' }),
        key('enter'),
        sent(2, 'turn', 'cmd_2'),
      ],
      FIRST_STATE,
    );
    assert.deepEqual([state.live, state.waiting, state.sent, state.outcome], [null, [], [], 'completed']);
    assert.equal(effects.filter(({ do: deed }) => deed === 'show').length, 2, 'what others said is shown meanwhile');
  });

  it('is not shown again when the agent repeats it, but another’s is', () => {
    const { effects } = after([...type, said('hello'), said('from elsewhere')], live);
    assert.deepEqual(deeds(effects), ['say', 'send', 'show']);
  });

  it('is over with its turn also where all came before the answer', () => {
    const { state } = after([
      ...type,
      phase('turn/started', 3, { commandId: 'cmd_2' }),
      phase('command-terminal', 4, { commandId: 'cmd_2', commandType: 'turn', terminalStatus: 'completed' }),
      sent(1, 'turn', 'cmd_2'),
    ]);
    assert.deepEqual([state.live, state.waiting, state.sent, state.outcome], [null, [], [], 'completed']);
  });
});

describe('keys of the chat', () => {
  const live: ChatState = { ...FIRST_STATE, live: LIVE };

  it('interrupt on two Escapes, the draft kept, until an event proves it', () => {
    const { state, effects } = after([text('draft'), key('escape', 0), key('escape', 400)], live);
    assert.deepEqual(effects, [{ do: 'interrupt', turn: LIVE }]);
    assert.equal(textOf(state.draft), 'draft');
    assert.equal(statusLine(state).text, 'interrupting…');
    const proved = after([phase('turn/interrupt:done', 7, { turnCommandId: 'cmd_1' })], state);
    assert.deepEqual(lines(proved.effects), ['⊘ interrupted e7']);
    assert.equal(proved.state.interrupting, null);
  });

  const harmless: [string, ChatInput[], ChatState][] = [
    ['too far apart', [key('escape', 0), key('escape', 1_500)], live],
    ['with something typed between', [key('escape', 0), text('a'), key('escape', 10)], live],
    ['while nothing works', [key('escape', 0), key('escape', 10)], FIRST_STATE],
    ['again while it is under way', [key('escape', 0), key('escape', 10)], { ...live, interrupting: LIVE }],
  ];
  for (const [what, inputs, from] of harmless) {
    it(`do not interrupt on two Escapes ${what}`, () => assert.deepEqual(after(inputs, from).effects, []));
  }

  it('say when an interrupt was refused, and forget an Escape in time', () => {
    const refused = after([{ type: 'interrupt-failed', message: 'no' }], { ...live, interrupting: LIVE });
    assert.deepEqual([refused.state.interrupting, lines(refused.effects)], [null, ['✕ not interrupted: no']]);
    assert.equal(after([key('escape', 0), { type: 'time', atMs: 1_600 }], live).state.escapeAtMs, null);
  });

  it('clear the draft on Ctrl-C, then leave; leave on Ctrl-D where there is none', () => {
    const first = after([text('draft'), key('interrupt')]);
    assert.deepEqual([textOf(first.state.draft), first.effects], ['', []]);
    assert.deepEqual(deeds(after([key('interrupt')], first.state).effects), ['detach']);
    assert.deepEqual(after([text('draft'), key('end-of-input')]).effects, []);
    assert.deepEqual(deeds(after([key('end-of-input')]).effects), ['detach']);
  });
});
