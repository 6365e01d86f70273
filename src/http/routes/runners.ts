import {
  AssignmentAnswer,
  AssignmentAsk,
  RunnerRecord,
  RunnerRegister,
  RunnerRetentionAsk,
  RunnerRetentionReport,
} from '../../contract/runner.js';
import { awaitAssignment } from '../../operations/runners/await-assignment.js';
import { askRetention } from '../../operations/runners/ask-retention.js';
import { registerRunner } from '../../operations/runs/register-runner.js';
import { route, type Route } from '../route.js';

export const runnerRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/api/v1/runners/register',
    operationId: 'registerRunner',
    tag: 'runners',
    summary: 'A runner tells who and where it is',
    auth: 'any',
    body: RunnerRegister,
    bodyExample: { runnerId: 'rnr_workstation', backendProfile: 'exec', placement: 'workstation' },
    refusals: [404, 409],
    answer: RunnerRecord,
    handle: ({ principal, body }, { operations }) => registerRunner(operations, principal, body),
  }),
  route({
    method: 'POST',
    path: '/api/v1/runners/assignment',
    operationId: 'awaitAssignment',
    tag: 'runners',
    summary: 'A warm runner asks for its run; with `waitMs`, a long poll',
    description:
      'For the claim token that the runner was started with, and good for nothing else. The token belongs to the first `instance` that uses it, ' +
      'and is used up once the run has a runner: 409 from then on, and for any other instance.',
    auth: 'claim',
    body: AssignmentAsk,
    bodyExample: { instance: 'f3a9c07be4d14c5a', waitMs: 20_000 },
    refusals: [409],
    quiet: true,
    answer: AssignmentAnswer,
    handle: ({ claimant, body, signal }, { operations }) => awaitAssignment(operations, claimant, body, signal()),
  }),
  route({
    method: 'POST',
    path: '/api/v1/runners/retention',
    operationId: 'retainRunners',
    tag: 'runners',
    summary: 'Delete the runners that the cap has no room for, the longest inactive first, and report of each',
    description:
      'One cycle; with a cap set (AGENTRUN_RUNNER_RETENTION_MAX_RUNNERS) it also runs on a schedule. An active runner is never touched. ' +
      'Only an operator of all tenants may ask for it.',
    auth: 'operator',
    body: RunnerRetentionAsk,
    bodyExample: { dryRun: true },
    answer: RunnerRetentionReport,
    handle: ({ principal, body }, { operations }) => askRetention(operations, principal, body),
  }),
];
