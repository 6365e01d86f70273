import { isTerminalStatus } from '../../domain/outcome.js';
import { taskName } from '../task-words.js';
import type { Row } from './board-rows.js';
import { noticed, quiet, selectedRow, type BoardState, type Step } from './board-state.js';

/** Pure: what is asked of the manager for the selected task, or for a queue. */

export function dispatch(state: BoardState): Step {
  return onSelected(state, ({ task }) => {
    if (mayBegin(task)) return { state, effects: [{ do: 'dispatch', task }] };
    const why = task.phase === 'ended' ? `it has ended ${task.state}` : 'it is dispatched already';
    return quiet(noticed(state, 'warn', `${why}: ${taskName(task)}`));
  });
}

/** For the first time, once more, or without waiting for the next try. */
function mayBegin({ phase, state }: Row['task']): boolean {
  return phase === 'waiting-for-dispatch' || phase === 'waiting-to-retry' || state === 'failed' || state === 'blocked';
}

export function askToCancel(state: BoardState): Step {
  return onSelected(state, ({ task }) => {
    if (isTerminalStatus(task.state))
      return quiet(noticed(state, 'warn', `it has ended ${task.state}: ${taskName(task)}`));
    const question = `cancel ${taskName(task)}?`;
    return quiet({ ...state, mode: { kind: 'ask', question, effect: { do: 'cancel', task } } });
  });
}

export function markRead(state: BoardState): Step {
  return onSelected(state, ({ task }) => ({ state, effects: [{ do: 'read', task }] }));
}

/** Of the queue that is shown, else of the selected task's. */
export function pauseOrResume(state: BoardState): Step {
  const queue = state.queue ?? selectedRow(state)?.task.queue;
  if (queue === undefined) return quiet(noticed(state, 'warn', 'select a task first: p pauses its queue'));
  const isPaused = state.data?.queues.find(({ name }) => name === queue)?.paused ?? false;
  const question = isPaused ? `resume the queue ${queue}?` : `pause the queue ${queue}? What runs goes on.`;
  return quiet({ ...state, mode: { kind: 'ask', question, effect: { do: 'pause', queue, paused: !isPaused } } });
}

function onSelected(state: BoardState, act: (row: Row) => Step): Step {
  const row = selectedRow(state);
  return row === undefined ? quiet(noticed(state, 'warn', 'select a task first: j and k')) : act(row);
}
