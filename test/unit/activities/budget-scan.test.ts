import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, it } from 'mocha';
import { createWatcherActivities } from '../../../activities/watchers.js';

type Ports = Parameters<typeof createWatcherActivities>[0];

describe('the watcher of budgets', () => {
  it('tells the other tasks where one cannot be told', async () => {
    const over = (taskId: string) => ({
      ...{ taskId, attempt: 1, maxTokens: 1, usedTokens: 2 },
      ...{ maxWallTimeMs: null, usedWallTimeMs: 0, tenant: null },
    });
    const stopping = new AbortController();
    const told: string[] = [];
    const logged: string[] = [];
    const ports = {
      budgets: { listRunning: async () => [over('broken'), over('other')] },
      queueSignals: {
        budgetExceeded: async ({ taskId }: { taskId: string }) => {
          if (taskId === 'broken') throw new Error('its workflow takes no signal');
          told.push(taskId);
          stopping.abort();
        },
      },
      log: (message: string) => logged.push(message),
      stopping: stopping.signal,
    } as unknown as Ports;
    // What it never comes to ends with the test.
    const tooLate = setTimeout(() => stopping.abort(), 1_500);
    const watchers = createWatcherActivities(ports);
    await new MockActivityEnvironment().run(async () => watchers.monitorBudgets());
    clearTimeout(tooLate);
    assert.deepEqual(told, ['other']);
    assert.match(logged.join(), /task broken/);
  });
});
