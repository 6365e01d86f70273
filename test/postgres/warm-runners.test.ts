import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { runnerIdOfJob, runnerJobId } from '../../src/domain/ids.js';
import { newId } from '../../src/domain/new-id.js';
import { runVolumeName } from '../../src/domain/volume-names.js';
import { planWarmPools } from '../../src/domain/warm-pools.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openRun } from '../support/runs.js';

const FITS = { backendProfile: 'exec', spec: 'made-so', freshMs: 30_000 };

describe('the store of warm runners', () => {
  let database: TestDatabase;
  let postgres: Postgres;
  let runId: string;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });
  beforeEach(async () => {
    await database.query('DELETE FROM warm_runners');
    runId = await openRun(postgres);
  });
  after(async () => {
    await postgres.close();
    await database.drop();
  });

  const waiting = async (given: { spec?: string; backendProfile?: string } = {}, holder = 'the-process') => {
    const id = newId('wrm');
    const names = { jobName: `job-${id}`, volumeName: `volume-${id}` };
    await postgres.warmRunners.add({ id, backendProfile: 'exec', spec: 'made-so', ...names, ...given });
    if (holder !== '') assert.deepEqual(await postgres.warmRunners.ask(id, holder), { kind: 'waiting' });
    return { id, ...names };
  };
  const job = async (ofRun = runId, attempt = 1) => {
    const id = runnerJobId(ofRun, attempt);
    const attemptId = `attempt-${attempt}`;
    const names = { attemptId, runnerId: runnerIdOfJob(id), jobName: `cold-${id}`, namespace: 'local' };
    await postgres.jobs.request({ id, runId: ofRun, attempt, commandId: null, overrides: {}, ...names });
    return id;
  };
  const startOf = async (jobId: string) => (await postgres.jobs.get(jobId))?.start;

  it('gives one to a Job, with its name and its volume, and the same at each repeat', async () => {
    const runner = await waiting();
    const jobId = await job();
    assert.equal(await startOf(jobId), null);
    const taken = await postgres.warmRunners.take(jobId, FITS);
    assert.deepEqual(taken, runner);
    assert.deepEqual(await postgres.warmRunners.take(jobId, FITS), taken);
    assert.deepEqual(await postgres.warmRunners.take(jobId, null), taken);
    const record = await postgres.jobs.get(jobId);
    assert.deepEqual([record?.start, record?.jobName], ['warm', runner.jobName]);
    assert.equal(await postgres.runs.volumeName(runId), runner.volumeName);
    assert.deepEqual(await postgres.warmRunners.runOf(runner.jobName), { runId, attempt: 1 });
    assert.deepEqual(await postgres.warmRunners.list(), []);
  });

  it('decides for cold for good: no repeat takes one that came later', async () => {
    const jobId = await job();
    assert.equal(await postgres.warmRunners.take(jobId, FITS), undefined);
    await waiting();
    assert.equal(await postgres.warmRunners.take(jobId, FITS), undefined);
    assert.equal(await startOf(jobId), 'cold');
    assert.equal(await postgres.runs.volumeName(runId), runVolumeName({ runId, sessionId: null }));
  });

  it('never gives one to two, nor two to one, however many ask at once', async () => {
    const runners = await Promise.all([1, 2, 3].map(async () => waiting()));
    const runs = await Promise.all(Array.from({ length: 6 }, async () => openRun(postgres)));
    const jobs = await Promise.all(runs.map(async (run) => job(run)));
    const asked = [...jobs, ...jobs, ...jobs];
    const taken = await Promise.all(asked.map(async (id) => postgres.warmRunners.take(id, FITS)));
    const byJob = jobs.map((id) => asked.flatMap((one, index) => (one === id ? [taken[index]?.id] : [])));
    for (const answers of byJob) assert.equal(new Set(answers).size, 1, JSON.stringify(byJob));
    const given = byJob.flatMap(([id]) => id ?? []);
    assert.deepEqual(given.toSorted(), runners.map(({ id }) => id).toSorted());
  });

  it('gives none that is of another profile, made from something else, silent, or told to leave', async () => {
    const old = await waiting();
    await waiting({ spec: 'made-otherwise' });
    await waiting({ backendProfile: 'codex' });
    await waiting({}, '');
    const left = await waiting();
    await postgres.warmRunners.left(left.id, 'the-process');
    assert.equal(await postgres.warmRunners.retire(old.jobName), 'exec');
    assert.equal(await postgres.warmRunners.retire(old.jobName), undefined);
    assert.equal(await postgres.warmRunners.take(await job(), FITS), undefined);
  });

  it('waits for one whose connection broke off as for any that is silent: its process asks again', async () => {
    const { id } = await waiting();
    await database.query(`UPDATE warm_runners SET created_at = now() - interval '1 hour'`);
    await postgres.warmRunners.left(id, 'the-process');
    const runners = (await postgres.warmRunners.list()).map((runner) => ({ ...runner, ended: null }));
    const pools = [{ backendProfile: 'exec', size: 1, spec: 'made-so', failures: 0, failedAgoMs: 0 }];
    const plan = planWarmPools({ pools, runners, maxAgeMs: 7_200_000, room: Infinity });
    assert.deepEqual(plan, { retire: [], make: [] });
  });

  it('tells one to leave, or gives it away, never both', async () => {
    for (let round = 0; round < 10; round += 1) {
      const runner = await waiting();
      const jobId = await job(await openRun(postgres));
      const [taken, retired] = await Promise.all([
        postgres.warmRunners.take(jobId, FITS),
        postgres.warmRunners.retire(runner.jobName),
      ]);
      // Whoever held the row first: one that is locked is passed by.
      assert.ok(taken === undefined || retired === undefined, `round ${round}`);
      await postgres.warmRunners.retire(runner.jobName);
    }
  });

  it('tells the process its run once the run is assigned, and nobody else', async () => {
    const runner = await waiting();
    const jobId = await job();
    await postgres.warmRunners.take(jobId, FITS);
    assert.deepEqual(await postgres.warmRunners.ask(runner.id, 'the-process'), { kind: 'waiting' });
    await postgres.warmRunners.assign(runner.id, '00-trace');
    const told = { kind: 'assigned', runId, attempt: 1, traceparent: '00-trace' };
    assert.deepEqual(await postgres.warmRunners.ask(runner.id, 'another-process'), { kind: 'refused' });
    assert.deepEqual(await postgres.warmRunners.ask(runner.id, 'the-process'), told);
    // The answer may have been lost on its way.
    assert.deepEqual(await postgres.warmRunners.ask(runner.id, 'the-process'), told);
    const lease = { runId, attempt: 1, runnerId: runnerIdOfJob(jobId), leaseMs: 60_000 };
    await postgres.leases.grant(lease);
    assert.deepEqual(await postgres.warmRunners.ask(runner.id, 'the-process'), { kind: 'refused' });
    await postgres.leases.revoke(runId, 1);
    assert.deepEqual(await postgres.warmRunners.ask(runner.id, 'the-process'), { kind: 'refused' });
    assert.deepEqual(await postgres.warmRunners.ask(newId('wrm'), 'the-process'), { kind: 'unknown' });
  });

  it('takes one back that was of no use, unless its process may know the run', async () => {
    const [runner, jobId] = [await waiting(), await job()];
    await postgres.warmRunners.take(jobId, FITS);
    // Its Job is gone, and that was seen.
    const view = { runId, attempt: 1, reason: null, exitCode: null, message: null };
    await postgres.jobs.observe({ ...view, jobName: runner.jobName, status: 'lost' });
    assert.equal(await postgres.warmRunners.giveBack(jobId, 'cold-name'), true);
    await postgres.jobs.observe({ ...view, jobName: 'cold-name', status: 'running' });
    const record = await postgres.jobs.get(jobId);
    assert.deepEqual([record?.start, record?.jobName, record?.status], ['cold', 'cold-name', 'running']);
    assert.equal(record?.finishedAt, null);
    assert.equal(await postgres.runs.volumeName(runId), runVolumeName({ runId, sessionId: null }));
    assert.deepEqual(await postgres.warmRunners.ask(runner.id, 'the-process'), { kind: 'refused' });
    assert.deepEqual(
      (await postgres.warmRunners.list()).map(({ id, state }) => [id, state]),
      [[runner.id, 'leaving']],
    );
    const other = await openRun(postgres);
    const [second, secondJob] = [await waiting(), await job(other)];
    await postgres.warmRunners.take(secondJob, FITS);
    await postgres.warmRunners.assign(second.id, null);
    assert.equal(await postgres.warmRunners.giveBack(secondJob, 'cold-name'), false);
    assert.equal(await postgres.runs.volumeName(other), second.volumeName);
  });

  it('forgets those whose Job has ended, and keeps their volume as the run’s', async () => {
    const [runner, jobId] = [await waiting(), await job()];
    await postgres.warmRunners.take(jobId, FITS);
    await postgres.warmRunners.forgetUsed();
    assert.equal(await postgres.warmRunners.isEmpty(), false);
    const view = { jobName: runner.jobName, runId, attempt: 1, reason: 'exited', exitCode: 0, message: null };
    await postgres.jobs.observe({ ...view, status: 'succeeded' });
    await postgres.warmRunners.forgetUsed();
    assert.equal(await postgres.warmRunners.isEmpty(), true);
    assert.equal(await postgres.runs.volumeName(runId), runner.volumeName);
    assert.deepEqual(await postgres.warmRunners.ask(runner.id, 'the-process'), { kind: 'unknown' });
  });

  it('counts how often a pool fails in a row', async () => {
    await postgres.warmRunners.failed('exec', 'ImagePullBackOff');
    await postgres.warmRunners.failed('exec', 'ImagePullBackOff');
    assert.deepEqual(
      (await postgres.warmRunners.failures()).map(({ backendProfile, failures }) => [backendProfile, failures]),
      [['exec', 2]],
    );
    await postgres.warmRunners.succeeded('exec');
    assert.deepEqual(await postgres.warmRunners.failures(), []);
  });
});
