// A worker for the trivial workflow, in a process of its own as the manager's is.
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { bareActivities } from '../bare/activities.js';
import { BARE_TASK_QUEUE } from '../bare/temporal.js';
import { programOptions, tellReady } from './program.js';

const { address } = programOptions() as { address: string };
const logger = new DefaultLogger('ERROR');
Runtime.install({ logger });
const workflowsPath = fileURLToPath(new URL('../bare/workflow.js', import.meta.url));
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue: BARE_TASK_QUEUE,
  activities: bareActivities,
  workflowBundle: await bundleWorkflowCode({ workflowsPath, logger }),
});
const stopped = worker.run();
tellReady({}, async () => {
  worker.shutdown();
  await stopped;
  await connection.close();
});
