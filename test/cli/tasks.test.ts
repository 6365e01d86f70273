import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Api, eventually, type Loose } from '../support/api.js';
import { cli, UpStack, type Ended } from '../support/cli.js';
import { untilPrinted } from '../support/live-runner.js';

const CREATE = ['task', 'create', '--backend', 'exec'];
const LONG = 'echo begun; sleep 600';
const TASKS = '/api/v1/queue/tasks';
const NEXT_YEAR = new Date(Date.now() + 365 * 86_400_000).toISOString();

describe('agentrun task, against `agentrun up`', function () {
  this.timeout(120_000);
  let stack: UpStack;
  let api: Api;

  before(async function () {
    this.timeout(120_000);
    stack = await UpStack.start();
    api = new Api(stack.info.url, (await readFile(stack.info.operatorTokenFile, 'utf8')).trim());
  });
  after(() => stack.remove());

  const BODY = { tenantId: 'default', projectId: 'default', backendProfile: 'exec', autoDispatch: true };
  const taskOf = (id: string) => api.get(`${TASKS}/${id}`);
  const until = (id: string, satisfies: (task: Loose) => boolean) => eventually(() => taskOf(id), satisfies, 30_000);
  const lines = (text: string) => text.trimEnd().split('\n');
  const jsonLines = (text: string): Loose[] => lines(text).map((line) => JSON.parse(line));

  /** A task whose attempt prints, and does not end by itself. */
  async function longTask(...options: string[]): Promise<Loose> {
    const { id } = await stack.json(...CREATE, LONG, '--dispatch', ...options);
    const { latestAttempt } = await until(id, (task) => typeof task.latestAttempt?.runId === 'string');
    await untilPrinted(api, { id: latestAttempt.commandId, runId: latestAttempt.runId }, 'begun');
    return taskOf(id);
  }

  async function cancelled(id: string): Promise<Ended> {
    return stack.run('task', 'cancel', id, '--reason', 'the test is over', '--wait');
  }

  describe('create', () => {
    it('makes a task that waits to be dispatched, and prints in a pipe where it stands', async () => {
      const { code, stdout, stderr } = await stack.run(...CREATE, 'echo said', '--queue', 'by-hand');
      assert.deepEqual([code, stderr], [0, '']);
      const [id = '', ...rest] = stdout.trimEnd().split('\t');
      assert.deepEqual(rest, ['pending', 'waiting-for-dispatch', 'by-hand']);
      const watched = await stack.run('task', 'dispatch', id, '--watch');
      assert.equal(watched.code, 0, watched.stderr);
      assert.match(watched.stdout, /^said$/m);
      assert.match(watched.stdout, new RegExp(`✓ Done in [\\d.]+ s {2}${id}\n$`));
      assert.match(watched.stderr, /· attempt 1\/3 in run_\w+/);
    });

    it('sends what it is told', async () => {
      const task = await stack.json(
        ...[...CREATE, 'true', '--queue', 'told', '--title', 'A title', '--tenant', 'acme', '--project', 'shop'],
        ...['--session', 'of-a-task', '--priority', '900', '--not-before', NEXT_YEAR, '--dispatch'],
        ...['--max-attempts', '5', '--max-tokens', '200k', '--max-time', '30m', '--timeout', '90s'],
        ...['--workspace', 'git:/srv/x.git#main', '--env', 'A=1', '--tool-credential', 'github-ssh'],
      );
      assert.deepEqual([task.queue, task.title, task.tenantId, task.projectId], ['told', 'A title', 'acme', 'shop']);
      assert.deepEqual([task.priority, task.notBefore, task.phase], [900, NEXT_YEAR, 'waiting-until']);
      assert.deepEqual([task.retryPolicy.maxAttempts, task.sessionRef.sessionId], [5, 'of-a-task']);
      assert.deepEqual(task.budget, { maxTokens: 200_000, maxWallTimeMs: 1_800_000 });
      const { workspaceRef, executionPolicy } = await taskOf(task.id);
      assert.deepEqual(workspaceRef, { kind: 'git', repoUrl: '/srv/x.git', ref: 'main' });
      assert.equal(executionPolicy.timeoutMs, 90_000);
      assert.deepEqual(executionPolicy.secretScope, { toolCredentials: ['github-ssh'] });
      assert.equal((await cancelled(task.id)).code, 0);
    });

    it('takes the prompt from standard input, a file, and what a spec says around it', async () => {
      const piped = await cli([...CREATE, '-', '--json'], stack.environment, 'echo piped\n');
      assert.equal((await taskOf(JSON.parse(piped.stdout).id)).payload.prompt, 'echo piped\n');
      const file = join(stack.dataDir, 'prompt.txt');
      await writeFile(file, 'echo from a file');
      const filed = await stack.json(...CREATE, '--prompt-file', file);
      assert.equal((await taskOf(filed.id)).payload.prompt, 'echo from a file');
      const spec = { name: 'nightly-echo', spec: { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' } };
      await api.post('/api/v1/aipod-specs', {
        apiVersion: 'agentrun/v1',
        kind: 'AipodSpec',
        metadata: { name: spec.name },
        spec: spec.spec,
      });
      const of = await stack.json('task', 'create', 'echo hi', '--aipod', spec.name);
      assert.deepEqual([of.tenantId, of.backendProfile, of.aipod], ['acme', 'exec', { name: spec.name, version: 1 }]);
      const empty = await cli([...CREATE, '-'], stack.environment, ' \n');
      assert.deepEqual([empty.code, /the prompt is empty/.test(empty.stderr)], [2, true]);
    });

    it('makes one task for one key, and begins at the time given from now', async () => {
      const again = () => stack.json(...CREATE, 'echo once', '--key', 'nightly-1');
      assert.equal((await again()).id, (await again()).id);
      const later = await stack.json(...CREATE, 'echo later', '--dispatch', '--not-before', '+1h');
      assert.equal(later.phase, 'waiting-until');
      const soon = await stack.json(...CREATE, 'echo soon', '--dispatch', '--not-before', '+3s');
      await until(soon.id, ({ state }) => state === 'completed');
    });

    it('names the field of what the manager refuses', async () => {
      const { code, stdout } = await stack.run(...CREATE, 'true', '--priority', '5000', '--json');
      const failure = JSON.parse(stdout);
      assert.deepEqual([code, failure.failureKind, failure.details.field], [1, 'schema-invalid', 'priority']);
    });
  });

  describe('watch', () => {
    it('ends with 5 where the task failed, says why and what to look at', async () => {
      const { code, stdout, stderr } = await stack.run(...CREATE, 'echo on the way; exit 3', '--watch');
      assert.equal(code, 5, stderr);
      assert.match(stdout, /on the way\n✕ shell {2}exit 3/);
      assert.match(
        stdout,
        /✕ Failed in .*\n {2}The task failed after attempt 1 of 3: the command ended with exit code 3/,
      );
      assert.match(stderr, /run show run_\w+ {3}why\n$/);
    });

    it('ends with 8 where somebody has to do something', async () => {
      const { code, stdout } = await stack.run(...CREATE, 'sleep 60', '--max-time', '1s', '--watch');
      assert.equal(code, 8, stdout);
      assert.match(stdout, /◆ Needs you in /);
    });

    it('ends with 3 when its time is up, with 130 on Ctrl-C, and the task goes on', async () => {
      const { id } = await longTask();
      const timedOut = await stack.run('task', 'watch', id, '--wait-timeout', '300ms');
      assert.equal(timedOut.code, 3);
      assert.match(
        timedOut.stderr,
        /not over within .*\n {2}the task goes on; `.* task watch task_\w+` follows it again/,
      );
      const watch = stack.spawn('task', 'watch', id);
      await watch.printed(/begun/);
      assert.equal((await watch.stop('SIGINT')).code, 130);
      assert.equal((await taskOf(id)).state, 'running');
      assert.equal((await cancelled(id)).code, 0);
    });

    it('prints JSON lines: the task as it changes, the events of its attempt, the end with its result', async () => {
      const { code, stdout } = await stack.run(...CREATE, 'echo hi; exit 1', '--watch', '--json');
      assert.equal(code, 5);
      const all = jsonLines(stdout);
      assert.deepEqual([all[0].event, all[0].task.state], ['task', 'pending']);
      const seqs = all.filter(({ event }) => event === undefined).map(({ seq }) => seq);
      assert.deepEqual(
        seqs,
        seqs.map((_, index) => index + 1),
      );
      const end = all.at(-1);
      assert.deepEqual([end.event, end.task.state, end.result.failureKind], ['end', 'failed', 'backend-failed']);
    });

    it('follows a task from one attempt into the next', async () => {
      const marker = join(stack.dataDir, 'tried-before');
      // The first attempt falls silent; the second has a marker that it left.
      const prompt = `if [ -e ${marker} ]; then echo second; else touch ${marker}; echo first; sleep 60; fi`;
      const retryPolicy = { maxAttempts: 2, backoffMs: 100 };
      const executionPolicy = { idleTimeoutMs: 5_000 };
      const { id } = await api.post(TASKS, { ...BODY, prompt, retryPolicy, executionPolicy });
      const { code, stdout, stderr } = await stack.run('task', 'watch', id);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^first$[^]*^second$/m);
      assert.match(stderr, /attempt 1\/2 in run_\w+[^]*attempt 2\/2 in run_\w+/);
      assert.match(stdout, /✓ Done in [^\n]*, 2 attempts/);
    });

    it('shows of a run that lived before only what is of the task', async () => {
      const run = { tenantId: 'default', projectId: 'default', backendProfile: 'exec' };
      const sent = await api.post('/api/v1/sessions/lives-1/send', { prompt: 'echo before', run });
      await untilPrinted(api, sent.command, 'before');
      const { code, stdout, stderr } = await stack.run(...CREATE, 'echo mine', '--session', 'lives-1', '--watch');
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^mine$/m);
      assert.doesNotMatch(stdout, /before/);
      const [{ runId, startedRun }] = (await taskOf(/task_\w+/.exec(stdout)?.[0] ?? '')).attempts;
      assert.deepEqual([runId, startedRun], [sent.run.id, false]);
      await api.post(`/api/v1/runs/${sent.run.id}/cancel`);
    });

    it('follows several by their changes, and ends with the worst that came of them', async () => {
      const ids: string[] = [];
      const go = join(stack.dataDir, 'go-several');
      const wait = `until [ -e ${go} ]; do sleep 0.1; done`;
      for (const prompt of [wait, `${wait}; exit 1`]) ids.push((await api.post(TASKS, { ...BODY, prompt })).id);
      const watch = stack.spawn('task', 'watch', ...ids);
      for (const id of ids) await watch.printed(new RegExp(id));
      await writeFile(go, '');
      const { code, stdout, stderr } = await watch.ended;
      assert.equal(code, 5, stderr);
      const changes = lines(stdout).map((line) => line.split('\t'));
      for (const id of ids) {
        const states = changes.filter(([, of]) => of === id).map(([, , state]) => state);
        assert.ok(states.length >= 2 && states.at(-1) === (id === ids[0] ? 'completed' : 'failed'), stdout);
      }
      assert.match(stderr, new RegExp(`task show ${ids[1]} {3}why`));
      const again = await stack.run('task', 'watch', ...ids, '--json');
      const end = jsonLines(again.stdout).at(-1);
      assert.deepEqual([again.code, end.tasks.map(({ id }: Loose) => id).sort()], [5, [...ids].sort()]);
      const quiet = await stack.run('task', 'watch', ids[0] ?? '', '--no-events', '--json');
      assert.deepEqual(
        jsonLines(quiet.stdout).map(({ event }) => event),
        ['task', 'end'],
      );
    });

    it('says which task does not exist', async () => {
      const { code, stderr } = await stack.run('task', 'watch', 'task_0123456789abcdef');
      assert.equal(code, 1);
      assert.match(stderr, /task task_0123456789abcdef does not exist/);
    });
  });

  describe('list, show, read', () => {
    it('lists newest first, by queue and state, apart by tabs, and [] where there is none', async () => {
      const first = await stack.json(...CREATE, 'echo', '--queue', 'listed', '--title', 'one\ttwo');
      const second = await stack.json(...CREATE, 'echo', '--queue', 'listed');
      const { stdout } = await stack.run('task', 'list', '--queue', 'listed');
      const rows = lines(stdout).map((line) => line.split('\t'));
      assert.deepEqual(
        rows.map(([id]) => id),
        [second.id, first.id],
      );
      assert.deepEqual(rows[1]?.slice(1, 3), ['pending', 'waiting-for-dispatch']);
      assert.equal(rows[1]?.at(-1), 'one two');
      assert.equal((await stack.json('task', 'list', '--queue', 'listed', '--limit', '1')).length, 1);
      assert.deepEqual(await stack.json('task', 'list', '--queue', 'listed', '--state', 'failed'), []);
    });

    it('shows why a task is where it is, its attempts, and takes an address for its id', async () => {
      const { stdout } = await stack.run(...CREATE, 'echo no; exit 3', '--watch', '--json');
      const { task } = jsonLines(stdout).at(-1);
      const shown = await stack.run('task', 'show', `${stack.info.url}${TASKS}/${task.id}`);
      const rows = lines(shown.stdout).map((line) => line.split('\t'));
      const value = (name: string) => rows.find(([first]) => first === name)?.slice(1);
      assert.deepEqual([value('id'), value('state')], [[task.id], ['failed']]);
      assert.match(value('phase')?.[0] ?? '', /^ended: the command ended with exit code 3/);
      assert.match(value('diagnosis')?.[0] ?? '', /dispatch the task again/);
      assert.deepEqual(value('attempt')?.slice(0, 3), ['1', 'failed', task.latestAttempt.runId]);
      const whole = await stack.json('task', 'show', task.id);
      assert.deepEqual([whole.payload.prompt, whole.attempts.length], ['echo no; exit 3', 1]);
    });

    it('marks tasks as read for one reader', async () => {
      const { stdout } = await stack.run(...CREATE, 'true', '--watch', '--json');
      const { id } = jsonLines(stdout).at(-1).task;
      assert.equal((await stack.json('task', 'show', id)).unread, true);
      const read = await stack.run('task', 'read', id);
      assert.deepEqual([read.code, read.stdout], [0, `${id}\tcompleted\tread\n`]);
      assert.equal((await stack.json('task', 'show', id)).unread, false);
      assert.equal((await stack.json('task', 'show', id, '--reader', 'somebody-else')).unread, true);
    });
  });

  describe('dispatch and cancel', () => {
    it('tries one that failed once more, and is too late for one that is done', async () => {
      const marker = join(stack.dataDir, 'mended');
      const failed = jsonLines((await stack.run(...CREATE, `test -e ${marker}`, '--watch', '--json')).stdout).at(
        -1,
      ).task;
      assert.equal(failed.state, 'failed');
      await writeFile(marker, '');
      const again = await stack.run('task', 'dispatch', failed.id, '--watch');
      assert.equal(again.code, 0, again.stdout);
      assert.equal((await taskOf(failed.id)).attempts.length, 2);
      const late = await stack.run('task', 'dispatch', failed.id);
      assert.equal(late.code, 6, late.stderr);
      assert.match(late.stderr, /is completed, and does not begin again/);
    });

    it('ends what works on it, waits for the end, and is too late for one that has ended', async () => {
      const { id, latestAttempt } = await longTask();
      const done = await cancelled(id);
      assert.deepEqual([done.code, done.stdout.split('\t').slice(0, 2)], [0, [id, 'cancelled']], done.stderr);
      const task = await taskOf(id);
      assert.equal(task.cancelReason, 'the test is over');
      const run = await eventually(
        () => api.get(`/api/v1/runs/${latestAttempt.runId}`),
        ({ terminalStatus }) => terminalStatus !== null,
      );
      assert.equal(run.terminalStatus, 'cancelled');
      const { stdout } = await stack.run(...CREATE, 'true', '--watch', '--json');
      const late = await stack.run('task', 'cancel', jsonLines(stdout).at(-1).task.id);
      assert.equal(late.code, 6);
      assert.match(late.stderr, /too late: the task has ended completed/);
    });
  });

  // Last: the manager is another one afterwards.
  describe('over an outage', () => {
    it('keeps on watching when the manager is gone for a while', async () => {
      const go = join(stack.dataDir, 'go');
      const { id } = await stack.json(
        ...CREATE,
        `echo begun; until [ -e ${go} ]; do sleep 0.1; done; echo over`,
        '--dispatch',
      );
      const waiting = await stack.json(...CREATE, 'echo waits', '--not-before', '+1h', '--dispatch');
      const one = stack.spawn('task', 'watch', id);
      const several = stack.spawn('task', 'watch', waiting.id, id);
      await Promise.all([one.printed(/begun/), several.printed(/running/)]);
      await stack.end('SIGKILL');
      await Promise.all([one.printed(/the connection is lost/), several.printed(/the connection is lost/)]);
      await stack.startAgain();
      await Promise.all([one.printed(/connected again/), several.printed(/connected again/)]);
      await writeFile(go, '');
      const ended = await one.ended;
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(ended.stdout, /^over$[^]*✓ Done in/m);
      assert.equal(ended.stdout.match(/^begun$/gm)?.length, 1, 'nothing is told twice');
      await several.printed(new RegExp(`${id}\tcompleted`));
      assert.equal((await stack.run('task', 'cancel', waiting.id)).code, 0);
      assert.equal((await several.ended).code, 5, 'cancelled is no success');
    });
  });
});
