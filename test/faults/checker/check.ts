import assert from 'node:assert/strict';
import type { Round } from '../harness/round.js';
import { checkAccepted } from './check-accepted.js';
import { checkAgents } from './check-agents.js';
import { checkEvents } from './check-events.js';
import { checkLaunches } from './check-launches.js';
import { checkLeftovers, untilQuiet } from './check-leftovers.js';
import { checkProgress } from './check-progress.js';
import { checkSecrets } from './check-secrets.js';
import { checkWorkflows } from './check-workflows.js';

/** The checker: after each fault, over all records of the round. It waits until nothing goes on any more. */
export async function check(round: Round): Promise<void> {
  const quiet = await untilQuiet(round);
  const complaints = await Promise.all([
    checkAccepted(round),
    checkProgress(round),
    checkAgents(round),
    checkLaunches(round),
    checkEvents(round),
    checkLeftovers(round),
    checkSecrets(round),
    checkWorkflows(round),
  ]);
  assert.deepEqual([...quiet, ...complaints.flat()], []);
}
