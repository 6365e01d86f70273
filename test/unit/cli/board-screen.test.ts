import assert from 'node:assert/strict';
import pc from 'picocolors';
import { boardScreen } from '../../../src/cli/board/board-screen.js';
import { firstState, type BoardInput, type BoardState } from '../../../src/cli/board/board-state.js';
import { boardStep } from '../../../src/cli/board/board-step.js';
import { snapshotText } from '../../../src/cli/board/snapshot-text.js';
import { FullScreen } from '../../../src/cli/terminal/full-screen.js';
import { lineOf, spread } from '../../../src/cli/terminal/line.js';
import { textWidth } from '../../../src/cli/terminal/text-width.js';
import type { TaskSummary } from '../../../src/contract/task.js';
import { TerminalScreen } from '../../support/terminal-screen.js';
import { ago, attemptOf, boardOf, detailOf, endedTask, NOW_MS, queueOf, runningTask, taskOf } from './task-fixtures.js';

const ESC = '\u001b';
const [PLAIN, COLORED] = [pc.createColors(false), pc.createColors(true)];

const type = (text: string): BoardInput => ({ type: 'key', key: { kind: 'text', text }, atMs: NOW_MS });
const ENTER: BoardInput = { type: 'key', key: { kind: 'enter' }, atMs: NOW_MS };
const told = (...tasks: TaskSummary[]): BoardInput => ({ type: 'data', data: boardOf(tasks) });
const size = (columns: number, rows: number): BoardInput => ({ type: 'size', columns, rows });

function after(inputs: readonly BoardInput[], from = firstState('default', NOW_MS)): BoardState {
  return inputs.reduce((state, input) => boardStep(state, input).state, from);
}

const linesOf = (state: BoardState, colors = PLAIN) => boardScreen(state, colors, 'agentrun');
const textOf = (state: BoardState) => linesOf(state).join('\n');

const CAPPED = runningTask('Fix the flaky checkout test', {
  budget: { maxTokens: 200_000, maxWallTimeMs: null },
  usage: { totalTokens: 170_000, wallTimeMs: 0 },
});
const WIDE = runningTask('Translate into Japanese 日本語のドキュメントを翻訳する 👩‍👩‍👧', {}, 'edit docs/ja/readme.md');
const RETRYING = taskOf('Ask the provider', {
  phase: 'waiting-to-retry',
  waitingUntil: ago(-8_000),
  latestAttempt: attemptOf({ state: 'failed', failureKind: 'provider-rate-limited', failureMessage: 'too many' }),
});
const ASKING = endedTask('Which database?', 'blocked', { failureMessage: 'Shall I drop the table?\nOr keep it?' });
const FAILED = endedTask('Broken build', 'failed', { failureKind: 'runner-lost', failureMessage: 'gone' });
const ALL = [
  CAPPED,
  WIDE,
  RETRYING,
  ASKING,
  FAILED,
  endedTask('Typo', 'completed'),
  taskOf('untitled', { title: null }),
];

describe('the board on a terminal', () => {
  const views: [string, BoardInput[]][] = [
    ['the list', []],
    ['a selection with colours', [type('jjj')]],
    ['details', [type('jjj'), ENTER, { type: 'detail', task: detailOf(CAPPED) }]],
    ['a question', [type('jjjc')]],
    ['a filter', [type('/'), type('日本')]],
    ['nothing', [told()]],
    [
      'a lost connection',
      [
        { type: 'time', atMs: NOW_MS + 9_000 },
        { type: 'lost', message: 'no manager: '.repeat(20) },
      ],
    ],
  ];
  for (const [what, inputs] of views) {
    it(`has as many lines as the terminal and none wider than it: ${what}`, () => {
      for (const [columns, rows] of [
        [80, 24],
        [100, 30],
        [40, 10],
        [220, 60],
        [20, 6],
        [5, 2],
      ] as const) {
        const lines = linesOf(after([size(columns, rows), told(...ALL), ...inputs]), COLORED);
        assert.equal(lines.length, rows);
        for (const line of lines) assert.ok(textWidth(line) <= columns, `${columns}: ${JSON.stringify(line)}`);
      }
    });
  }

  it('tells in words and marks all that it tells in colours', () => {
    const lines = linesOf(after([told(...ALL), type('jj')]));
    assert.ok(!lines.join('').includes(ESC));
    assert.match(lines.find((line) => line.startsWith('›')) ?? '', /^›•≈ Lost {6}Broken build/);
  });

  it('says of each task why it is where it is, at 80 columns', () => {
    const text = textOf(after([told(...ALL)]));
    assert.match(text, /^Needs you {2}2 .*try age used +why$/m);
    assert.match(text, /◆ Needs you Which database\? +1\/3 60s +asks: Shall I drop the/);
    assert.match(text, /≈ Lost +Broken build +1\/3 60s +runner-lost: gone/);
    assert.match(text, /▶ Running +Fix the flaky check.* +1\/3 4m {2}85% tok npm test · 3 s ago/);
    assert.match(text, /○ Queued +Ask the provider +1\/3 6m +tries again in 8 s, after/);
    assert.match(text, /✓ Done +Typo +1\/3 60s +took 4 min/);
  });

  it('says in its head how full the queue is, how long the oldest waits, and whether it is paused', () => {
    const paused = boardOf(ALL, { queues: [queueOf({ paused: true, concurrency: 4 }), queueOf({ name: 'other' })] });
    const [head, attention] = linesOf(after([{ type: 'data', data: paused }]));
    assert.match(head ?? '', /^default {2}⏸ Paused {2}▶ 2\/4 slots {2}○ 2 waiting, oldest 6m/);
    assert.match(attention ?? '', /^◆ 2 need you {2}• 3 unread/);
    const ofAll = linesOf(after([{ type: 'data', data: paused }], firstState(null, NOW_MS)));
    assert.match(ofAll[0] ?? '', /^all queues {2}⏸ default {2}▶ 2 running in 2 queues/);
    assert.match(linesOf(after([told(RETRYING)]))[1] ?? '', /^✓ Nothing needs you/);
  });

  it('gives the queue as the reason where that is what a task waits for', () => {
    const slot = taskOf('Upgrade');
    const of = (given: object) =>
      textOf(after([{ type: 'data', data: boardOf([slot], { queues: [queueOf(given)] }) }]));
    assert.match(of({}), /waits for a slot$/m);
    assert.match(of({ paused: true }), /its queue is paused$/m);
    assert.match(of({ concurrency: 0 }), /its queue has no slots$/m);
  });

  it('says since when nothing new came, and why, and keeps what it knew', () => {
    const at = (ms: number, ...more: BoardInput[]) =>
      linesOf(after([told(...ALL), { type: 'time', atMs: NOW_MS + ms }, ...more]));
    assert.doesNotMatch(at(3_000)[0] ?? '', /as of/);
    const [head, attention, ...rest] = at(5_000, { type: 'lost', message: 'no manager: ECONNREFUSED' });
    assert.match(head ?? '', /as of \d\d:\d\d:\d\d$/);
    assert.match(attention ?? '', /^◆ 2 need you.* ! no manager: ECONNREFUSED$/);
    assert.ok(rest.join('\n').includes('Broken build'));
  });

  it('says what has changed behind rows that stay where they are', () => {
    const state = after([told(...ALL), type('j'), told(...ALL, endedTask('New', 'failed'), taskOf('Newer'))]);
    assert.match(linesOf(state)[1] ?? '', /2 new \(1 needs you\) · o shows$/);
    assert.ok(!textOf(state).includes('Newer'));
  });

  it('says how many more there are than it shows, what to do where there are none, and that it loads', () => {
    const data = boardOf([RETRYING]);
    const more = { ...data, stats: { ...data.stats, counts: { ...data.stats.counts, pending: 12_345 } } };
    assert.match(textOf(after([{ type: 'data', data: more }])), /^Waiting {2}12345, 1 shown/m);
    assert.match(
      textOf(after([told()])),
      /There are no tasks here\.\n {2}agentrun task create "…" --queue default --dispatch/,
    );
    assert.match(textOf(after([])), /^loading…/);
    assert.doesNotMatch(textOf(after([])), /no tasks/);
  });

  it('shows of the selected task what it is to do, its attempts and what to do next; the command that shows all stays', () => {
    const opened = [told(...ALL), type('jjj'), ENTER];
    const loading = after(opened);
    assert.match(textOf(loading), /^── Fix the flaky checkout test ─+\n {2}loading…/m);
    const detail = detailOf(CAPPED, { diagnosis: 'Its agent runs the tests. '.repeat(8) });
    const shown = textOf(after([{ type: 'detail', task: detail }], loading));
    assert.match(shown, /^ {2}Its agent runs the tests\. Its/m);
    assert.match(shown, /used +170,000 of 200,000 tokens/);
    assert.match(shown, /try 1 +▶ Running 4 min {2}run_0123456789/);
    assert.match(shown, /prompt +Fix the flaky test\. … \(2 lines\)/);
    assert.match(shown, /agentrun task show task_fix/);
    const low = textOf(after([size(80, 14), { type: 'detail', task: detail }], loading));
    assert.match(low, /agentrun task show task_fix/);
  });

  it('keeps a terminal safe from what agents and people wrote', () => {
    const evil = endedTask(`a${ESC}[2Jb\u0007${ESC}]0;x\u0007`, 'failed', { failureMessage: `c\n${ESC}[31md\r\u0000` });
    const lines = linesOf(after([told(evil), type('j'), ENTER, { type: 'detail', task: detailOf(evil) }]));
    const controls = lines.join('').match(/\p{Cc}/gu);
    assert.equal(controls, null);
    assert.match(lines.join('\n'), /ab +1\/3 60s c d/);
  });
});

describe('the board without a terminal', () => {
  it('is text with whole ids and reasons, grouped, without colours', () => {
    const text = snapshotText(boardOf(ALL), 'default', { colors: PLAIN });
    assert.match(text, /^default {2}▶ 2\/10 slots {2}○ 2 waiting, oldest 6m/);
    assert.match(
      text,
      /^Needs you {2}2\n {2}• {2}◆ Needs you {2}task_whichdatabase00000000 .*asks: Shall I drop the table\? Or keep it\?$/m,
    );
    assert.match(text, /tries again in 8 s, after provider-rate-limited: too many$/m);
    assert.ok(!text.includes(ESC));
    assert.match(snapshotText(boardOf([]), null, { colors: PLAIN }), /There are no tasks here/);
  });
});

describe('the full screen', () => {
  function screenOf() {
    const terminal = new TerminalScreen();
    const written: string[] = [];
    terminal.write('$ agentrun board\n');
    const screen = new FullScreen({
      write(text: string) {
        written.push(text);
        terminal.write(text);
      },
    });
    return { terminal, screen, written };
  }

  it('draws what has changed only, and gives back what was there', () => {
    const { terminal, screen, written } = screenOf();
    screen.open();
    screen.draw(['one', 'two', 'three']);
    assert.deepEqual([terminal.isAlternate, terminal.lines], [true, ['one', 'two', 'three']]);
    written.length = 0;
    screen.draw(['one', '2', 'three']);
    screen.draw(['one', '2', 'three']);
    assert.deepEqual(terminal.lines, ['one', '2', 'three']);
    assert.equal(written.length, 1);
    assert.ok(!(written[0] ?? '').includes('one'));
    screen.draw(['one']);
    assert.deepEqual(
      terminal.lines.filter((line) => line !== ''),
      ['one'],
    );
    screen.close();
    assert.deepEqual([terminal.isAlternate, terminal.lines], [false, ['$ agentrun board', '']]);
  });

  it('draws all of it again when nothing is known of what is shown', () => {
    const { terminal, screen } = screenOf();
    screen.open();
    screen.draw(['one', 'two']);
    terminal.write(`${ESC}[1;1Hgarbage`);
    screen.forget();
    screen.draw(['one', 'two']);
    assert.deepEqual(terminal.lines, ['one', 'two']);
    screen.close();
  });
});

describe('lines of pieces', () => {
  it('are cut before they are painted, and keep what is at their end', () => {
    const paint = (text: string) => `<${text}>`;
    assert.equal(
      lineOf(
        [
          { text: 'abc', paint },
          { text: 'def', paint },
        ],
        5,
      ),
      '<abc><d…>',
    );
    assert.equal(
      lineOf(
        [
          { text: 'abc', paint },
          { text: 'def', paint },
        ],
        3,
      ),
      '<abc>',
    );
    assert.equal(spread([{ text: 'left' }], [{ text: 'right' }], 12), 'left   right');
    assert.equal(spread([{ text: 'a long left' }], [{ text: 'right' }], 12), 'a lo…  right');
    assert.equal(spread([{ text: 'left' }], [{ text: 'right' }], 4), 'rig…');
  });
});
