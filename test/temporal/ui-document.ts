import { execa } from 'execa';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { projectRoot } from '../../scripts/project-root.js';
import { queueWorkflowId, TASK_QUEUE, taskWorkflowId } from '../../src/domain/ids.js';
import type { TemporalLink } from '../../src/temporal/connection.js';
import { eventually, type Api, type Loose } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { temporalCli } from '../support/temporal-server.js';

const document = () => readFileSync(join(projectRoot, 'docs/temporal-ui.md'), 'utf8');

/** The queries of the document's table by whom they look for; what is to be older than a while is to have begun before `before`. */
export function documentedQueries(before: Date): Record<string, string> {
  const [, chapter = ''] = document().split('## Queries\n');
  const rows = [...chapter.split('\n## ')[0]!.matchAll(/^\| (.+?) +\| (.*`.+`.*?) +\|$/gm)];
  const queries: Record<string, string> = {};
  let last = '';
  for (const [, whom = '', told = ''] of rows) {
    const query = /`(.+?)`/.exec(told)?.[1] ?? assert.fail(`no query in ${told}`);
    last = told.startsWith('the same, and') ? `${last} ${query}` : query;
    queries[whom] = last.replace(/'\d{4}-[^']+Z'/, `'${before.toISOString()}'`);
  }
  return queries;
}

/** Runs the document's command that begins so, over that namespace; its question is answered with yes. */
export async function runDocumented(
  beginning: string,
  { address, namespace }: { readonly address: string; readonly namespace: string },
): Promise<void> {
  const line = document()
    .split('\n')
    .find((one) => one.startsWith(beginning));
  const { path } = await temporalCli();
  await execa('sh', ['-c', `${line ?? assert.fail(`no ${beginning} in the document`)} --yes`], {
    env: {
      PATH: `${dirname(path)}${delimiter}${process.env['PATH']}`,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
    },
  });
}

/** One of each that the document's queries look for, by what it is here for; `waiting` began before all others. */
export async function prepareForQueries(api: Api, { client }: TemporalLink): Promise<Record<string, Loose>> {
  const waiting = await api.createRun();
  const globex = await api.createRun({ tenantId: 'globex' });
  const terminated = await api.createRun();
  await client.workflow.getHandle(terminated.workflowId).terminate('by hand');
  // Of a type that no worker knows, which fails each time that it is looked at.
  const stuck = { workflowId: 'of-code-that-fails' };
  await client.workflow.start('ofNoCode', { ...stuck, taskQueue: TASK_QUEUE });
  const [needsInput, cancelling, retrying, failed, live, task] = await Promise.all([
    inItsTurn(api, async (runner, turn) =>
      runner.finishCommand(turn.id, { terminalStatus: 'blocked', failureMessage: 'which one?' }),
    ),
    inItsTurn(api, async (_, { runId }) => api.post(`/api/v1/runs/${runId}/cancel`)),
    withoutItsFirstRunner(api),
    failedOf(api, 'codex'),
    secondOf(api, 'review-1'),
    waitingForASlot(api),
  ]);
  const queue = { workflowId: queueWorkflowId('default') };
  return { waiting, globex, terminated, stuck, needsInput, cancelling, retrying, failed, live, task, queue };
}

async function inItsTurn(api: Api, then: (runner: ForeignRunner, turn: Loose) => Promise<unknown>): Promise<Loose> {
  const run = await api.createRun();
  const turn = await api.addTurn(run.id, 'x');
  const runner = await ForeignRunner.claim(api, run.id, { leaseMs: 600_000 });
  await runner.ack(turn.id);
  await then(runner, turn);
  return run;
}

async function withoutItsFirstRunner(api: Api): Promise<Loose> {
  const run = await api.createRun();
  await ForeignRunner.claim(api, run.id, { leaseMs: 1_000 });
  return eventually(
    async () => api.get(`/api/v1/runs/${run.id}`),
    ({ attempt }) => attempt === 2,
  );
}

async function failedOf(api: Api, backendProfile: string): Promise<Loose> {
  const run = await api.createRun({ backendProfile });
  const runner = await ForeignRunner.claim(api, run.id);
  await runner.finishRun({ terminalStatus: 'failed', failureKind: 'backend-failed', failureMessage: 'no more' });
  return run;
}

/** A session's live run, after one that is over. */
async function secondOf(api: Api, sessionId: string): Promise<Loose> {
  const first = await api.createRun({ sessionRef: { sessionId } });
  await api.post(`/api/v1/runs/${first.id}/cancel`);
  const second = await api.createRun({ sessionRef: { sessionId } });
  await ForeignRunner.claim(api, second.id, { leaseMs: 600_000 });
  return second;
}

async function waitingForASlot(api: Api): Promise<Loose> {
  await api.ok('PUT', '/api/v1/queue/queues/default', { concurrency: 0 });
  const exec = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
  const task = await api.post('/api/v1/queue/tasks', { ...exec, prompt: 'true', autoDispatch: true });
  return { ...task, workflowId: taskWorkflowId(task.id) };
}
