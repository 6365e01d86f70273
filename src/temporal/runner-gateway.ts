import type { Client } from '@temporalio/client';
import { unavailable } from '../domain/errors.js';
import { RUNNER_RETENTION_WORKFLOW_ID, TASK_QUEUE } from '../domain/ids.js';
import type { RunnerGateway } from '../ports/runner-gateway.js';
import type { runnerRetentionWorkflow } from '../../workflows/retention/workflow.js';
import { answered } from './answered.js';
import { resultOf } from './result-of.js';
import { within } from './within.js';

/** How long a caller waits for Pods to end. */
const PATIENCE_MS = 60_000;

export function createRunnerGateway(client: Client): RunnerGateway {
  return {
    async retain({ dryRun }) {
      const handle = await answered(client, async () =>
        client.workflow.start<typeof runnerRetentionWorkflow>('runnerRetentionWorkflow', {
          taskQueue: TASK_QUEUE,
          workflowId: dryRun ? `${RUNNER_RETENTION_WORKFLOW_ID}:dry-run` : RUNNER_RETENTION_WORKFLOW_ID,
          workflowIdConflictPolicy: 'USE_EXISTING',
          args: [{ dryRun }],
          staticSummary: dryRun ? 'Plans which runners would go' : 'Deletes the runners that the cap has no room for',
        }),
      );
      const done = await within(PATIENCE_MS, resultOf('the cycle', handle.result()), undefined);
      if (done === undefined) throw unavailable('temporal', undefined, 'the cycle goes on; ask again for its report');
      return done;
    },
  };
}
