import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { KubernetesPlatform } from '../../../src/kubernetes/kubernetes-platform.js';
import type { Api, Loose } from '../../support/api.js';
import { ForeignRunner } from '../../support/foreign-runner.js';
import { CLUSTER_START_TIMEOUT_MS } from '../cluster/test-cluster.js';
import { MERGE_PATCH } from '../../../src/kubernetes/merge-patch.js';
import { ClusterFixture } from './cluster-fixture.js';
import { startClusterManager, type ClusterManager } from './manager-fixture.js';

const NOWHERE = { AGENTRUN_RUNNER_NODE_SELECTOR_JSON: '{"agentrun.test/nowhere":"true"}' };
const PREFIX = 'agentrun-test';
const RETENTION = {
  AGENTRUN_RUNNER_JOB_NAME_PREFIX: PREFIX,
  AGENTRUN_RUNNER_RETENTION_MAX_RUNNERS: '2',
  AGENTRUN_RUNNER_RETENTION_ACTIVE_HEARTBEAT_MAX_AGE_MS: '1000',
  AGENTRUN_RUNNER_RETENTION_MATCH_LABELS_JSON: '{"app.kubernetes.io/component":"runner"}',
  AGENTRUN_RUNNER_RETENTION_JOB_NAME_PREFIXES: '',
};

describe('retention of runners in a cluster', function () {
  this.timeout(120_000);
  let fixture: ClusterFixture;
  let platform: KubernetesPlatform;
  let started: ClusterManager;
  let api: Api;
  let connection: Connection;

  before(async function () {
    this.timeout(CLUSTER_START_TIMEOUT_MS);
    fixture = await ClusterFixture.create();
    const settings = { ...NOWHERE, ...RETENTION, AGENTRUN_UNSCHEDULABLE_GRACE_MS: '600000' };
    platform = await fixture.platform(settings);
    started = await startClusterManager(fixture, settings);
    api = started.api;
    // It deletes nothing of its own while a test looks at what is there.
    const { address, namespace } = started.manager.temporal;
    connection = await Connection.connect({ address });
    await new Client({ connection, namespace }).schedule.getHandle('runner-retention').pause();
  });
  afterEach(async () => {
    await fixture.clear();
    await fixture.assertNothingLeft();
  });
  after(async () => {
    await connection.close();
    await started.stop();
    await fixture.dispose();
  });

  const inactive = async (count: number) => {
    const names: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const launch = fixture.launchOf();
      await platform.launch(launch);
      names.push(launch.jobName);
      // The cluster's clock counts in seconds.
      await delay(1_100);
    }
    return names;
  };

  it('lists what has ended, and deletes it, but for a Job that stays', async () => {
    const brief = await fixture.platform({ ...NOWHERE, AGENTRUN_RUNNER_DEADLINE_SECONDS: '1' });
    const [stays, goes] = [fixture.launchOf(), fixture.launchOf()];
    for (const launch of [stays, goes]) await brief.launch(launch);
    for (const { jobName: name } of [stays, goes])
      await fixture.until(`${name} has ended`, async () => {
        const { status } = await fixture.cluster.batch.readNamespacedJob({ name, namespace: fixture.namespace });
        return status?.conditions?.some(({ type }) => type === 'Failed');
      });
    const finalizers = async (list: string[]) => {
      const job = { name: stays.jobName, namespace: fixture.namespace };
      await fixture.cluster.batch.patchNamespacedJob({ ...job, body: { metadata: { finalizers: list } } }, MERGE_PATCH);
    };
    await finalizers(['agentrun.test/stays']);
    try {
      const names = [stays.jobName, goes.jobName].sort();
      assert.deepEqual((await brief.listEnded({ olderThanMs: 0 })).sort(), names);
      await brief.forget(goes.jobName);
      await assert.rejects(brief.forget(stays.jobName), /still there/);
      assert.equal(await brief.describe(goes.jobName), undefined);
    } finally {
      await finalizers([]);
    }
  });

  it('tells what would go, deletes it in that order, and keeps to the cap', async () => {
    const [oldest, older, ...kept] = await inactive(4);
    const plan = await api.post('/api/v1/runners/retention', { dryRun: true });
    const planned = plan.items.map(({ jobName, outcome }: Loose) => [jobName, outcome]);
    assert.deepEqual(planned, [
      [oldest, 'planned'],
      [older, 'planned'],
    ]);
    assert.equal((await platform.list()).length, 4);
    const done = await api.post('/api/v1/runners/retention');
    assert.deepEqual([done.enabled, done.matching, done.remaining, done.maxRunners], [true, 4, 2, 2]);
    assert.ok(done.items.every(({ outcome, reason }: Loose) => outcome === 'deleted' && reason === 'over-cap'));
    assert.deepEqual((await platform.list()).map(({ jobName }) => jobName).sort(), kept.sort());
  });

  it('never deletes an active runner', async () => {
    const run = await api.createRun();
    const job = await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    const isThere = async () => (await platform.list()).some(({ jobName }) => jobName === job.jobName);
    // A run that is claimed before its Job is made needs none.
    await fixture.until('the Job is there', isThere);
    // The runner of that Job, as far as the manager sees: its Pod finds no Node.
    await ForeignRunner.claim(api, run.id, { runnerId: job.runnerId });
    const others = await inactive(3);
    const done = await api.post('/api/v1/runners/retention');
    assert.equal(done.active, 1);
    assert.deepEqual(
      done.items.map(({ jobName }: Loose) => jobName),
      others.slice(0, 2),
    );
    assert.ok(await isThere());
    await api.post(`/api/v1/runs/${run.id}/cancel`);
  });

  it('runs on a schedule', async () => {
    const { namespace } = started.manager.temporal;
    const schedule = await connection.workflowService.describeSchedule({ namespace, scheduleId: 'runner-retention' });
    assert.equal(schedule.schedule?.action?.startWorkflow?.workflowType?.name, 'runnerRetentionWorkflow');
  });

  it('takes only what it knows', async () => {
    const refused = await api.request('POST', '/api/v1/runners/retention', { dryRun: 'perhaps' });
    assert.deepEqual([refused.status, refused.body.failureKind], [400, 'schema-invalid']);
  });
});
