import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DeterminismViolationError } from '@temporalio/workflow';
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as workflows from '../../workflows/index.js';
import { patchIdsAskedAbout, patchIdsIn } from '../support/histories/patch-ids.js';
import { runLives } from '../support/histories/run-lives.js';
import { decoded } from '../support/histories/scrub.js';
import { senderLives } from '../support/histories/sender-lives.js';
import { sessionLives } from '../support/histories/session-lives.js';
import { togetherLives } from '../support/histories/together-lives.js';
import { watcherLives } from '../support/histories/watcher-lives.js';
import { queueLives } from '../support/histories/queue-lives.js';
import { queueEventLives } from '../support/histories/queue-event-lives.js';
import { scheduleLives } from '../support/histories/schedule-lives.js';
import { projectRoot } from '../../scripts/project-root.js';
import type { Loose } from '../support/api.js';

const folder = join(projectRoot, 'test/histories');

describe('replaying recorded histories', function () {
  this.timeout(120_000);
  const histories = new Map<string, string>();
  let workflowBundle: WorkflowBundleWithSourceMap;

  before(async () => {
    const workflowsPath = join(projectRoot, 'dist/workflows/index.js');
    workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
    for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json')))
      histories.set(file, await readFile(join(folder, file), 'utf8'));
  });

  const parsed = (file: string): Loose => JSON.parse(histories.get(file) ?? assert.fail(`there is no ${file}`));

  it('finds one for each life that the recorder knows', () => {
    assert.notEqual(histories.size, 0);
    const kept = new Set([...histories.keys()].map((file) => file.replace(/(\.\d+)?\.json$/, '')));
    assert.deepEqual(
      [...kept].sort(),
      Object.keys({
        ...runLives,
        ...senderLives,
        ...togetherLives,
        ...sessionLives,
        ...watcherLives,
        ...queueEventLives,
        ...scheduleLives,
        ...queueLives,
      }).sort(),
    );
  });

  it('finds one of each workflow, and one that lives by each change of them', async () => {
    const kept = [...histories.keys()].map(parsed);
    const types = new Set(
      kept.map(({ events }) => events[0].workflowExecutionStartedEventAttributes.workflowType.name as string),
    );
    assert.deepEqual([...types].sort(), Object.keys(workflows).sort());
    const lived = new Set(kept.flatMap((history) => patchIdsIn(historyFromJSON(history))));
    assert.deepEqual([...lived].sort(), (await patchIdsAskedAbout()).sort());
  });

  it('has the workflows of today decide everything as it was decided then', async () => {
    const recorded = [...histories.keys()].map((file) => ({ workflowId: file, history: parsed(file) }));
    const failures: string[] = [];
    for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, recorded))
      if (error !== undefined) failures.push(`${workflowId}: ${error.message}`);
    assert.deepEqual(failures, []);
  });

  it('has a run that an earlier release began go on so, though those who speak to it would write what it decides', async () => {
    const { events } = parsed('late-steer-becomes-turn.json');
    let said = 0;
    for (const { workflowExecutionUpdateAcceptedEventAttributes: accepted } of events) {
      const [payload] = accepted?.acceptedRequest.input.args.payloads ?? [];
      if (payload === undefined) continue;
      const message = JSON.parse(Buffer.from(payload.data, 'base64').toString());
      payload.data = Buffer.from(JSON.stringify({ ...message, senderWrites: true })).toString('base64');
      said += 1;
    }
    assert.ok(said > 5);
    await Worker.runReplayHistory({ workflowBundle }, { events });
  });

  const alterations: Record<string, { file: string; alter: (events: Loose[]) => Loose[] }> = {
    'an activity of another name': {
      file: 'one-turn-completed.json',
      alter: (events) => {
        const scheduled = events.find(({ eventType }) => eventType === 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED');
        scheduled.activityTaskScheduledEventAttributes.activityType.name = 'projectAnother';
        return events;
      },
    },
    'a timer that was never set': {
      file: 'runner-lost-then-second-attempt.json',
      alter: (events) => without(events, 'EVENT_TYPE_TIMER_STARTED'),
    },
    'an update that was never accepted': {
      file: 'cancelled-while-running.json',
      alter: (events) => without(events, 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED'),
    },
    'another watch than the one that was kept': {
      file: 'lease-monitor-changed-shift.json',
      alter: (events) => {
        events[0].workflowExecutionStartedEventAttributes.workflowType.name = 'runnerWatchWorkflow';
        return events;
      },
    },
  };
  for (const [what, { file, alter }] of Object.entries(alterations)) {
    it(`notices ${what}`, async () => {
      const { events } = parsed(file);
      const replay = Worker.runReplayHistory({ workflowBundle }, { events: alter(events) });
      await assert.rejects(replay, (error) => error instanceof DeterminismViolationError || assert.fail(String(error)));
    });
  }

  it('is from no machine in particular', () => {
    for (const [file, text] of histories) {
      assert.deepEqual(new Set(text.match(/"identity": "[^"]*"/g)), new Set(['"identity": "recorded"']), file);
      assert.deepEqual([...new Set(text.match(/"stackTrace": "[^"]+"/g))], [], file);
      // A process is called 4711@host by the SDK; a path has a folder of ours in it.
      assert.doesNotMatch(decoded(text), /\d+@[a-z]|\/(?:home|root|Users|tmp|work|node_modules|dist)\//i, file);
    }
  });
});

/** Without the last event of a type, the later ones renumbered, as if it had never been. */
function without(events: Loose[], eventType: string): Loose[] {
  const gone = events.findLastIndex((event) => event.eventType === eventType);
  return events.toSpliced(gone, 1).map((event, index) => ({ ...event, eventId: String(index + 1) }));
}
