import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { runnerIdOfJob, runnerJobId } from '../../src/domain/ids.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import type { RunnerJobRequest } from '../../src/ports/runner-job-store.js';
import type { RunnerJobView } from '../../src/ports/runner-platform.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openRun, runDraft } from '../support/runs.js';

describe('the runner job store', () => {
  let database: TestDatabase;
  let postgres: Postgres;
  let runId: string;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });

  beforeEach(async () => {
    runId = await openRun(postgres);
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  const request = (attempt = 1, given: Partial<RunnerJobRequest> = {}): RunnerJobRequest => {
    const id = runnerJobId(runId, attempt);
    return {
      id,
      runId,
      attempt,
      attemptId: `attempt-${attempt}`,
      runnerId: runnerIdOfJob(id),
      commandId: null,
      jobName: `job-${id}`,
      namespace: 'local',
      overrides: { image: null, env: { A: 'one\u0000' } },
      ...given,
    };
  };

  const view = (job: RunnerJobRequest, given: Partial<RunnerJobView>): RunnerJobView => ({
    jobName: job.jobName,
    runId,
    attempt: job.attempt,
    status: 'running',
    reason: null,
    exitCode: null,
    message: null,
    ...given,
  });

  it('keeps a request with its overrides', async () => {
    const job = request();
    const record = await postgres.jobs.request(job);
    const { overrides, ...fields } = job;
    assert.deepEqual(record, {
      ...fields,
      start: null,
      status: 'pending',
      reason: null,
      exitCode: null,
      message: null,
      createdAt: record.createdAt,
      updatedAt: record?.updatedAt,
      finishedAt: null,
      valuesPrinted: false,
    });
    assert.deepEqual(await postgres.jobs.get(job.id), record);
    assert.deepEqual(await postgres.jobs.overrides(job.id), overrides);
  });

  it('answers the Job that is there when it is asked for again', async () => {
    const first = await postgres.jobs.request(request());
    const again = await Promise.all(
      [1, 2, 3].map(() => postgres.jobs.request(request(1, { attemptId: 'other', overrides: { env: {} } }))),
    );
    for (const record of again) assert.deepEqual(record, first);
    assert.deepEqual(await postgres.jobs.overrides(first.id), request().overrides);
  });

  it('lists the Jobs of a run by attempt, or of one command', async () => {
    for (const attempt of [2, 1, 3]) {
      await postgres.jobs.request(request(attempt, { commandId: attempt === 3 ? 'cmd_x' : null }));
    }
    const attempts = async (commandId?: string) =>
      (await postgres.jobs.list({ runId, commandId })).map((job) => job.attempt);
    assert.deepEqual(await attempts(), [1, 2, 3]);
    assert.deepEqual(await attempts('cmd_x'), [3]);
    assert.deepEqual(await postgres.jobs.list({ runId: 'run_doesnotexist' }), []);
  });

  it('follows what the platform says, and keeps an ended Job ended', async () => {
    const job = request();
    await postgres.jobs.request(job);
    await postgres.jobs.observe(view(job, { status: 'running' }));
    assert.equal((await postgres.jobs.get(job.id))?.finishedAt, null);
    await postgres.jobs.observe(view(job, { status: 'failed', reason: 'killed', exitCode: 137, message: 'gone' }));
    const ended = await postgres.jobs.get(job.id);
    assert.deepEqual(
      [ended?.status, ended?.reason, ended?.exitCode, ended?.message],
      ['failed', 'killed', 137, 'gone'],
    );
    assert.notEqual(ended?.finishedAt, null);
    await postgres.jobs.observe(view(job, { status: 'running' }));
    await postgres.jobs.observe(view(job, { status: 'lost' }));
    assert.deepEqual(await postgres.jobs.get(job.id), ended);
  });

  it('finds what ended runs of a session left: not what lives, was drafted, or is of the run that asks', async () => {
    const sessionRef = { sessionId: 'leaves-jobs' };
    const ids = [];
    for (let count = 0; count < 3; count += 1) ids.push(await openRun(postgres, { sessionRef }));
    const [ended = '', asks = '', lives = ''] = ids;
    for (const id of ids) {
      const jobId = runnerJobId(id, 1);
      await postgres.jobs.request(request(1, { id: jobId, runId: id, jobName: `job-${jobId}` }));
    }
    for (const id of [ended, asks]) await postgres.runs.closeOrphan(id, 'gone');
    const left = async () => {
      const found = await postgres.jobs.listLeftBehind({ sessionId: 'leaves-jobs', besideRunId: asks });
      return found.map((job) => job.runId);
    };
    assert.deepEqual(await left(), [ended]);
    await postgres.runs.closeOrphan(lives, 'gone');
    assert.deepEqual(await left(), [ended, lives]);
    await postgres.jobs.observe(view(request(), { jobName: `job-${runnerJobId(ended, 1)}`, status: 'lost' }));
    assert.deepEqual(await left(), [lives]);
  });

  it('finds the Jobs of runs that ended a while ago: not of those that live, were drafted, or ended lately', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, async () => openRun(postgres)));
    const [longest = '', long = '', seen = '', lately = '', lives = ''] = ids;
    const draft = (await postgres.runs.draftRun(runDraft())).id;
    for (const id of [...ids, draft]) {
      const jobId = runnerJobId(id, 1);
      await postgres.jobs.request(request(1, { id: jobId, runId: id, jobName: `job-${jobId}` }));
    }
    for (const id of ids) if (id !== lives) await postgres.runs.closeOrphan(id, 'gone');
    await postgres.jobs.observe(view(request(), { jobName: `job-${runnerJobId(seen, 1)}`, status: 'stopped' }));
    const endedAgo = async (runId: string, minutes: number) =>
      database.query(`UPDATE runs SET finished_at = now() - $2 * interval '1 minute' WHERE id = $1`, [runId, minutes]);
    for (const id of [long, seen]) await endedAgo(id, 16);
    await endedAgo(longest, 17);
    await endedAgo(lately, 14);
    const found = async (limit: number) => {
      const overdue = await postgres.jobs.listOverdue(15 * 60_000, limit);
      return overdue.map((job) => job.runId);
    };
    assert.deepEqual(await found(10), [longest, long]);
    assert.deepEqual(await found(1), [longest]);
  });

  it('takes no notice of a Job that nobody asked for', async () => {
    await postgres.jobs.observe(view(request(), { jobName: 'unknown' }));
    assert.equal(await postgres.jobs.get('rjob_doesnotexist'), undefined);
    assert.equal(await postgres.jobs.overrides('rjob_doesnotexist'), undefined);
  });

  describe('a registered runner', () => {
    it('is kept with what it said, fields of its own as metadata', async () => {
      const body = { runId, attemptId: 'attempt-1', backendProfile: 'exec', placement: { node: 'n1' }, cpus: 4 };
      const record = await postgres.jobs.register('rnr_1', body, 'all');
      assert.deepEqual(record, {
        id: 'rnr_1',
        runId,
        attemptId: 'attempt-1',
        backendProfile: 'exec',
        placement: { node: 'n1' },
        sourceCommit: null,
        metadata: { cpus: 4 },
        registeredAt: record?.registeredAt,
        updatedAt: record?.updatedAt,
      });
    });

    it('replaces what it said before when it registers again', async () => {
      const first = await postgres.jobs.register('rnr_2', { backendProfile: 'exec', placement: 'here' }, 'all');
      const again = await postgres.jobs.register('rnr_2', { sourceCommit: 'abc' }, 'all');
      assert.deepEqual(
        [again?.backendProfile, again?.placement, again?.sourceCommit, again?.registeredAt],
        ['codex', null, 'abc', first?.registeredAt],
      );
    });
  });
});
