import assert from 'node:assert/strict';
import { rowsOf } from '../../../src/cli/board/board-rows.js';
import {
  firstState,
  heights,
  listLines,
  selectedRow,
  shownRows,
  type BoardEffect,
  type BoardInput,
  type BoardState,
} from '../../../src/cli/board/board-state.js';
import { boardStep } from '../../../src/cli/board/board-step.js';
import type { TaskSummary } from '../../../src/contract/task.js';
import type { Key } from '../../../src/cli/terminal/keys.js';
import { ago, attemptOf, boardOf, detailOf, endedTask, NOW_MS, queueOf, runningTask, taskOf } from './task-fixtures.js';

const press = (key: Key, atMs = NOW_MS): BoardInput => ({ type: 'key', key, atMs });
const type = (text: string, atMs = NOW_MS): BoardInput => press({ kind: 'text', text }, atMs);
const ENTER = press({ kind: 'enter' });
const ESCAPE = press({ kind: 'escape' });
const told = (...tasks: TaskSummary[]): BoardInput => ({ type: 'data', data: boardOf(tasks) });

function after(
  inputs: readonly BoardInput[],
  from: BoardState = firstState('default', NOW_MS),
): { state: BoardState; effects: BoardEffect[] } {
  const effects: BoardEffect[] = [];
  let state = from;
  for (const input of inputs) {
    const step = boardStep(state, input);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

const names = (state: BoardState) => shownRows(state).map(({ task }) => task.title);

const ASKING = endedTask('asking', 'blocked');
const FAILED = endedTask('failed', 'failed');
const RUNNING = runningTask('running');
const WAITING = taskOf('waiting');
const DONE = endedTask('done', 'completed');
const ALL = [DONE, WAITING, RUNNING, FAILED, ASKING];

describe('rows of the board', () => {
  it('stand by who has to do something: people, agents, the queue, nobody', () => {
    assert.deepEqual(
      rowsOf(ALL).map(({ group, task }) => [group, task.title]),
      [
        ['needs-you', 'asking'],
        ['needs-you', 'failed'],
        ['running', 'running'],
        ['waiting', 'waiting'],
        ['recent', 'done'],
      ],
    );
  });

  it('put what lost its runner with what needs you, and a task whose session goes on with what runs', () => {
    const groups = rowsOf([
      runningTask('stalled', { attentionState: 'stalled' }),
      endedTask('old', 'completed', { active: true, attentionState: 'active-session' }),
    ]).map(({ group }) => group);
    assert.deepEqual(groups, ['needs-you', 'running']);
  });

  it('wait in the order in which they go on: by priority, then by age; those that wait for nobody known last', () => {
    const slot = (name: string, priority: number, ageMs: number) => taskOf(name, { priority, createdAt: ago(ageMs) });
    const waiting = [
      taskOf('later', { phase: 'waiting-until', waitingUntil: ago(-60_000) }),
      taskOf('undispatched', { phase: 'waiting-for-dispatch', createdAt: ago(900_000) }),
      taskOf('sooner', { phase: 'waiting-to-retry', waitingUntil: ago(-1_000) }),
      slot('young', 500, 1_000),
      slot('old', 500, 9_000),
      slot('urgent', 900, 10),
    ];
    const order = rowsOf(waiting).map(({ task }) => task.title);
    assert.deepEqual(order, ['urgent', 'old', 'young', 'sooner', 'later', 'undispatched']);
  });
});

describe('the selection', () => {
  it('goes up and down by j, k and the arrows, to the ends by g and G, and not beyond', () => {
    const { state } = after([told(...ALL), type('j')]);
    const selected = (...inputs: BoardInput[]) => selectedRow(after(inputs, state).state)?.task.title;
    assert.equal(selected(), 'asking');
    assert.equal(selected(type('jj')), 'running');
    assert.equal(selected(press({ kind: 'down' }), press({ kind: 'up' })), 'asking');
    assert.equal(selected(type('k')), 'asking');
    assert.equal(selected(type('G')), 'done');
    assert.equal(selected(type('Gj')), 'done');
    assert.equal(selected(type('Gg')), 'asking');
    assert.equal(selectedRow(after([told(...ALL), type('k')]).state)?.task.title, 'done');
    assert.equal(selected(press({ kind: 'page-down' })), 'done');
  });

  it('keeps every row where it is, whatever becomes of the tasks, and counts what would have moved', () => {
    const { state } = after([told(...ALL), type('jjj')]);
    const ended = { ...RUNNING, state: 'failed', phase: 'ended', attentionState: 'failed' } as const;
    const later = after([told(DONE, WAITING, ended, FAILED, ASKING, endedTask('new', 'failed'))], state).state;
    assert.deepEqual(names(later), names(state));
    assert.equal(selectedRow(later)?.task.state, 'failed', 'what is known of it is new all the same');
    assert.equal(selectedRow(later)?.group, 'running');
  });

  it('shows a task that is no longer told of where it was', () => {
    const { state } = after([told(...ALL), type('j'), told(...ALL.slice(0, 3))]);
    assert.deepEqual(names(state), ['asking', 'failed', 'running', 'waiting', 'done']);
    assert.deepEqual(
      shownRows(state).map(({ isGone }) => isGone),
      [true, true, false, false, false],
    );
  });

  it('stays on its task when o lets the rows go where they would be, and goes with a task that is gone', () => {
    const { state } = after([told(...ALL), type('jjj'), told(...ALL, endedTask('new', 'failed'))]);
    const ordered = after([type('o')], state).state;
    assert.deepEqual(names(ordered), ['asking', 'failed', 'new', 'running', 'waiting', 'done']);
    assert.equal(selectedRow(ordered)?.task.title, 'running');
    const gone = after([told(ASKING), type('o')], state).state;
    assert.deepEqual([gone.selected, gone.held], [null, null]);
  });

  it('ends with Escape, and by itself when nobody is at the keys, but not while somebody reads or is asked', () => {
    const { state } = after([told(...ALL), type('j')]);
    assert.equal(after([ESCAPE], state).state.held, null);
    const minute: BoardInput = { type: 'time', atMs: NOW_MS + 61_000 };
    assert.equal(after([minute], state).state.selected, null);
    assert.notEqual(after([ENTER, minute], state).state.selected, null);
    assert.equal(after([type('jj'), type('c'), minute], state).state.mode.kind, 'ask');
  });

  it('stays in sight in a list longer than the terminal, with the heading of its group', () => {
    const many = Array.from({ length: 100 }, (_, n) => taskOf(`task ${String(n).padStart(3, '0')}`));
    const sight = (state: BoardState) => {
      const { list } = heights(state);
      return listLines(shownRows(state), list).slice(state.top, state.top + list);
    };
    const down = after([told(...many), type('j'.repeat(60))]).state;
    assert.ok(sight(down).some((line) => line !== 'blank' && 'row' in line && line.row.task.id === down.selected));
    const up = after([type('k'.repeat(59))], down).state;
    assert.deepEqual(sight(up)[0], { heading: 'waiting' });
    const smaller = after([{ type: 'size', columns: 40, rows: 10 }], down).state;
    assert.ok(sight(smaller).some((line) => line !== 'blank' && 'row' in line && line.row.task.id === down.selected));
  });
});

describe('what keys do to the selected task', () => {
  const on = (task: TaskSummary, ...inputs: BoardInput[]) => after([told(task), type('j'), ...inputs]);

  it('c asks, y cancels, and any other key does not', () => {
    const asked = on(RUNNING, type('c'));
    assert.deepEqual([asked.state.mode.kind, asked.effects], ['ask', []]);
    assert.deepEqual(after([type('y')], asked.state).effects, [{ do: 'cancel', task: RUNNING }]);
    for (const key of [type('n'), ENTER, ESCAPE, press({ kind: 'paste', text: 'y' })]) {
      const answered = after([key], asked.state);
      assert.deepEqual([answered.state.mode.kind, answered.effects], ['list', []]);
    }
    assert.deepEqual(on(RUNNING, type('cy')).effects, [{ do: 'cancel', task: RUNNING }], 'typed fast it is the same');
  });

  it('c and d say why they do nothing', () => {
    const notice = ({ state }: { state: BoardState }) => state.notice?.text;
    assert.match(notice(on(DONE, type('c'))) ?? '', /it has ended completed/);
    assert.match(notice(on(DONE, type('d'))) ?? '', /it has ended completed/);
    assert.match(notice(on(WAITING, type('d'))) ?? '', /dispatched already/);
    assert.match(notice(after([told(RUNNING), type('c')])) ?? '', /select a task first/);
    const later: BoardInput = { type: 'time', atMs: NOW_MS + 6_000 };
    assert.equal(on(DONE, type('c'), later).state.notice, null);
  });

  it('d lets one begin that nobody dispatched, one that waits to be tried again, and one that failed or asks', () => {
    const undispatched = taskOf('undispatched', { phase: 'waiting-for-dispatch' });
    const retrying = taskOf('retrying', { phase: 'waiting-to-retry', latestAttempt: attemptOf({ state: 'failed' }) });
    for (const task of [undispatched, retrying, FAILED, ASKING]) {
      assert.deepEqual(on(task, type('d')).effects, [{ do: 'dispatch', task }]);
    }
  });

  it('r marks it as read; p asks to pause its queue, and to resume one that is paused', () => {
    assert.deepEqual(on(DONE, type('r')).effects, [{ do: 'read', task: DONE }]);
    assert.deepEqual(on(RUNNING, type('py')).effects, [{ do: 'pause', queue: 'default', paused: true }]);
    const paused: BoardInput = { type: 'data', data: boardOf([], { queues: [queueOf({ paused: true })] }) };
    assert.deepEqual(after([paused, type('py')]).effects, [{ do: 'pause', queue: 'default', paused: false }]);
    const ofAll = firstState(null, NOW_MS);
    assert.deepEqual(after([told(RUNNING), type('py')], ofAll).effects, []);
    const nightly = taskOf('x', { queue: 'nightly' });
    const [effect] = after([told(nightly), type('j'), type('py')], ofAll).effects;
    assert.deepEqual(effect, { do: 'pause', queue: 'nightly', paused: true });
  });

  it('enter opens its details, which follow the selection, and closes them again', () => {
    const opened = after([told(...ALL), ENTER]);
    assert.deepEqual(opened.effects, [{ do: 'watch', taskId: ASKING.id }]);
    const known = after([{ type: 'detail', task: detailOf(ASKING) }], opened.state).state;
    assert.equal(known.details?.task?.id, ASKING.id);
    const moved = after([type('j')], known);
    assert.deepEqual([moved.effects, moved.state.details], [[{ do: 'watch', taskId: FAILED.id }], { task: null }]);
    const late = after([{ type: 'detail', task: detailOf(ASKING) }], moved.state).state;
    assert.equal(late.details?.task, null, 'an answer about another one comes too late');
    assert.deepEqual(after([ENTER], moved.state).effects, [{ do: 'watch', taskId: null }]);
    assert.equal(after([ESCAPE], moved.state).state.selected, FAILED.id, 'one thing at a time');
  });

  it('nothing that is pasted presses keys', () => {
    assert.deepEqual(after([told(...ALL), press({ kind: 'paste', text: 'jcy' })]).effects, []);
  });

  it('q, Ctrl-C and Ctrl-D leave; Ctrl-C also from a question', () => {
    const leave = [{ do: 'leave' }];
    assert.deepEqual(after([type('q')]).effects, leave);
    assert.deepEqual(after([press({ kind: 'end-of-input' })]).effects, leave);
    assert.deepEqual(on(RUNNING, type('c'), press({ kind: 'interrupt' })).effects, leave);
  });
});

describe('the filter', () => {
  const all = () => after([told(...ALL)]).state;

  it('shows while it is typed what is called so, by any of its names, and is kept by Enter', () => {
    const typed = after([type('/'), type('a'), type('sk')], all()).state;
    assert.deepEqual(names(typed), ['asking', 'failed', 'running', 'waiting', 'done'], 'every id begins with task_');
    const more = after([type('ing wa')], typed).state;
    assert.deepEqual(names(more), []);
    const two = after([type('/'), type('codex WAIT'), ENTER], all()).state;
    assert.deepEqual([names(two), two.mode.kind], [['waiting'], 'list']);
    assert.equal(selectedRow(after([type('j')], two).state)?.task.title, 'waiting');
  });

  it('takes letters for text, edits as a line does, and is gone with Escape', () => {
    const typed = after([type('/'), type('qcd'), press({ kind: 'edit', edit: 'backspace' })], all());
    assert.deepEqual([typed.state.filter, typed.effects], ['qc', []]);
    assert.deepEqual(names(after([ESCAPE], typed.state).state).length, 5);
    const kept = after([ENTER, ESCAPE], typed.state).state;
    assert.equal(kept.filter, '');
  });
});

describe('data', () => {
  it('that does not come any more leaves what is known, with the reason, until it comes again', () => {
    const lost = after([told(...ALL), { type: 'lost', message: 'no manager' }]).state;
    assert.deepEqual([names(lost).length, lost.problem], [5, 'no manager']);
    assert.equal(after([told(...ALL)], lost).state.problem, null);
  });
});
