import { Type } from 'typebox';
import { RunId } from '../../contract/common.js';
import { RunExplanation, type TimelineEntry } from '../../contract/explanation.js';
import type { ActionDescriptor } from '../../contract/result.js';
import { defineTool, READS } from '../tool.js';

const { runId, sessionId, status, terminalStatus, failureKind, phase, attempt, maxAttempts, diagnosis } =
  RunExplanation.properties;

export const explainRun = defineTool({
  name: 'explain_run',
  title: 'Explain a run',
  description:
    'Why a run is where it is: what happened to it, on one timeline with the oldest first, the diagnosis, and what can be done next. Use it where a task or session fails, hangs, or did not do what it should.',
  hints: READS,
  input: Type.Object(
    {
      runId: RunId,
      maxEntries: Type.Integer({ minimum: 1, maximum: 200, default: 40, description: 'The newest so many entries.' }),
    },
    { additionalProperties: false },
  ),
  output: Type.Object({
    ...{ runId, sessionId, status, terminalStatus, failureKind, phase, attempt, maxAttempts, diagnosis },
    timeline: Type.Array(Type.String()),
    omitted: Type.Integer({ minimum: 0, description: 'Entries left out: ask with a larger maxEntries.' }),
    next: Type.Array(Type.String()),
  }),
  async run({ runId, maxEntries }, { agentrun }) {
    const told = await agentrun.runs.explain(runId);
    const { sessionId, status, terminalStatus, failureKind, phase, attempt, maxAttempts, diagnosis } = told;
    const newest = told.timeline.slice(-maxEntries);
    return {
      ...{ runId, sessionId, status, terminalStatus, failureKind, phase, attempt, maxAttempts, diagnosis },
      timeline: newest.map(lineOf),
      omitted: told.omitted + told.timeline.length - newest.length,
      next: told.next.map(stepOf),
    };
  },
});

function lineOf({ at, kind, text, isTrouble, times }: TimelineEntry): string {
  return `${at} ${isTrouble ? '! ' : ''}${kind}: ${text}${times > 1 ? ` (${times} times)` : ''}`;
}

function stepOf({ action, reason, reasonHint }: ActionDescriptor): string {
  const why = reasonHint ?? reason;
  return why === undefined ? action : `${action}: ${why}`;
}
