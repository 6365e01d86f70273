import { RunnerRecord, RunnerRegister } from '../../contract/runner.js';
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
];
