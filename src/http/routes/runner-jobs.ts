import { CommandId, RunId, RunnerJobId } from '../../contract/common.js';
import { RunnerJobCreate, RunnerJobList, RunnerJobRecord } from '../../contract/runner.js';
import { requestRunnerJob } from '../../operations/runs/request-runner-job.js';
import { getRunnerJob, listRunnerJobs } from '../../operations/runs/runner-jobs.js';
import { textField } from '../query-fields.js';
import { route, type Route } from '../route.js';

const tag = 'runner-jobs';
const params = { runId: RunId };

export const runnerJobRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/api/v1/runs/:runId/runner-jobs',
    operationId: 'createRunnerJob',
    tag,
    summary: "Ask for a runner Job for the run's current attempt",
    description:
      'One Job per attempt: asking again answers the same, or 409 where `image`, `resources` or `env` differ. A repeat with the same ' +
      '`idempotencyKey` answers the first Job also when the run has gone on to another attempt.',
    auth: 'operator',
    params,
    body: RunnerJobCreate,
    refusals: [409],
    answer: RunnerJobRecord,
    handle: ({ principal, params, body }, { operations }) =>
      requestRunnerJob(operations, principal, params.runId, body),
  }),
  route({
    method: 'GET',
    path: '/api/v1/runs/:runId/runner-jobs',
    operationId: 'listRunnerJobs',
    tag,
    summary: 'The runner Jobs of a run, as the platform sees them and as the events tell',
    auth: 'any',
    params,
    query: { commandId: textField(CommandId, 'Jobs that were asked for with this command.') },
    refusals: [409],
    answer: RunnerJobList,
    handle: ({ principal, params, query }, { operations }) =>
      listRunnerJobs(operations, principal, { runId: params.runId, ...query }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/runs/:runId/runner-jobs/:runnerJobId',
    operationId: 'getRunnerJob',
    tag,
    summary: 'One runner Job',
    auth: 'any',
    params: { runId: RunId, runnerJobId: RunnerJobId },
    refusals: [409],
    answer: RunnerJobRecord,
    handle: ({ principal, params }, { operations }) =>
      getRunnerJob(operations, principal, params.runId, params.runnerJobId),
  }),
];
