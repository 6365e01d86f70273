import assert from 'node:assert/strict';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Api, eventually } from '../support/api.js';
import { cli, UpStack } from '../support/cli.js';

const EXEC = ['run', 'create', '--backend', 'exec', '--prompt'];
const LONG = 'echo begun; sleep 600';

/** Every colour begins with it. */
const ESCAPE = '\u001b';

describe('agentrun run, against `agentrun up`', () => {
  let stack: UpStack;
  let api: Api;

  before(async function () {
    this.timeout(120_000);
    stack = await UpStack.start();
    api = new Api(stack.info.url, (await readFile(stack.info.operatorTokenFile, 'utf8')).trim());
  });
  after(() => stack.remove());

  const printed = (runId: string, pattern: RegExp) =>
    eventually(
      () => api.get(`/api/v1/runs/${runId}/result`),
      ({ reply }) => pattern.test(reply ?? ''),
    );

  /** A run whose turn does not end by itself, with its command under way. */
  async function longRun(...options: string[]): Promise<string> {
    const { run } = await stack.json(...EXEC, LONG, ...options);
    await printed(run.id, /begun/);
    return run.id as string;
  }

  describe('create', () => {
    it('streams the output of a prompt to standard output, tells the result, and ends with 0', async () => {
      const { code, stdout, stderr } = await stack.run(
        ...EXEC,
        'echo out; echo err >&2; sleep 0.3; printf rest',
        '--tail',
      );
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^out$/m);
      assert.match(stdout, /^err$/m);
      assert.match(stdout, /^rest$/m, 'a line of ours begins a line of its own');
      assert.match(stdout, /✓ shell {2}exit 0 · [\d.]+ m?s/);
      assert.match(stdout, /✓ Done in [\d.]+ s {2}run_\w+\n$/);
      assert.match(stderr, /took the run, attempt 1/);
      assert.ok(!(stdout + stderr).includes(ESCAPE));
    });

    it('ends the run with its prompt, so that no runner is left waiting', async () => {
      const { run, result } = await stack.json(...EXEC, 'true', '--wait');
      assert.deepEqual([result.status, result.terminalStatus], ['completed', 'completed']);
      assert.equal((await stack.json('run', 'show', run.id)).run.finishedAt !== null, true);
    });

    it('ends with 5, and says why, when the command fails', async () => {
      const { code, stdout } = await stack.run(...EXEC, 'echo on the way; exit 3', '--tail');
      assert.equal(code, 5);
      assert.match(stdout, /on the way\n✕ shell {2}exit 3/);
      assert.match(stdout, /✕ Failed in .*\n {2}The run failed: the command ended with exit code 3; /);
    });

    it('prints JSON lines under --tail --json: what was made, each event, the result', async () => {
      const { code, stdout } = await stack.run(...EXEC, 'echo hi; exit 1', '--tail', '--json');
      assert.equal(code, 5);
      const lines = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.equal(lines[0].event, 'started');
      assert.equal(lines.at(-1).event, 'end');
      assert.equal(lines.at(-1).result.failureKind, 'backend-failed');
      const events = lines.slice(1, -1);
      assert.deepEqual(
        events.map(({ seq }) => seq),
        events.map((_, index) => index + 1),
      );
      assert.ok(events.every(({ runId }) => runId === lines[0].run.id));
    });

    it('prints id and status with a tab between them in a pipe, and starts nothing without a prompt', async () => {
      const { code, stdout, stderr } = await stack.run('run', 'create', '--backend', 'exec');
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, /^run_\w+\tpending\n$/);
      const { result } = await stack.json('run', 'show', stdout.split('\t')[0]!);
      assert.equal(result.liveness.phase, 'waiting-for-runner');
    });

    it('sends what it is told: names, limits, attempts, session, metadata of the workspace', async () => {
      const { run } = await stack.json(
        ...['run', 'create', '--backend', 'exec', '--tenant', 'acme', '--project', 'shop', '--max-attempts', '7'],
        ...['--timeout', '90s', '--idle-timeout', '1.5m', '--session', 'talk-1', '--workspace', 'git:/srv/x.git#main'],
        ...['--sandbox', 'read-only', '--approval', 'on-request', '--no-network'],
      );
      const { sandbox, approval, network } = run.executionPolicy;
      assert.deepEqual(
        { sandbox, approval, network },
        { sandbox: 'read-only', approval: 'on-request', network: false },
      );
      assert.deepEqual([run.tenantId, run.projectId, run.backendProfile], ['acme', 'shop', 'exec']);
      assert.equal(run.retryPolicy.maxAttempts, 7);
      assert.deepEqual([run.executionPolicy.timeoutMs, run.executionPolicy.idleTimeoutMs], [90_000, 90_000]);
      assert.equal(run.sessionRef.sessionId, 'talk-1');
      assert.deepEqual(run.workspaceRef, { kind: 'git', repoUrl: '/srv/x.git', ref: 'main' });
      assert.equal((await stack.run('run', 'cancel', run.id)).code, 0);
    });

    it('works in a folder of the machine, with variables, and a prompt from standard input', async () => {
      const folder = await realpath(
        await mkdir(join(stack.dataDir, 'work'), { recursive: true }).then(() => join(stack.dataDir, 'work')),
      );
      const args = ['run', 'create', '--backend', 'exec', '--workspace', `path:${folder}`, '--prompt', '-'];
      const script = 'pwd > where.txt\necho "$GREETING $NAME" >> where.txt\n';
      const ended = await cli(
        [...args, '--env', 'GREETING=hello', '--env', 'NAME=a=b', '--wait'],
        stack.environment,
        script,
      );
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(ended.stdout, /^run_\w+\tcompleted\n$/);
      assert.equal(await readFile(join(folder, 'where.txt'), 'utf8'), `${folder}\nhello a=b\n`);
    });

    it('makes one run for one idempotency key', async () => {
      const again = () => stack.json(...EXEC, 'echo once', '--idempotency-key', 'nightly', '--wait');
      const [first, second] = [await again(), await again()];
      assert.equal(first.run.id, second.run.id);
      assert.equal(first.command.id, second.command.id);
      const other = await stack.run(...EXEC, 'echo twice', '--idempotency-key', 'nightly');
      assert.equal(other.code, 1);
      assert.match(other.stderr, /idempotencyKey was used before/);
    });

    it('names the field of what the manager refuses, as JSON with its failure kind', async () => {
      const { code, stdout } = await stack.run('run', 'create', '--backend', 'cobol', '--json');
      assert.equal(code, 1);
      const failure = JSON.parse(stdout);
      assert.deepEqual(
        [failure.ok, failure.failureKind, failure.details.field],
        [false, 'schema-invalid', 'backendProfile'],
      );
      assert.match(failure.traceId, /^trc_/);
    });

    it('leaves off waiting with 3 when the time is up, and the run goes on', async () => {
      const { code, stdout, stderr } = await stack.run(...EXEC, LONG, '--wait', '--wait-timeout', '1s');
      assert.deepEqual([code, stdout], [3, '']);
      const id = /run tail (run_\w+)/.exec(stderr)?.[1] ?? '';
      assert.equal((await stack.json('run', 'show', id)).run.terminalStatus, null);
      assert.equal((await stack.run('run', 'cancel', id, '--wait')).code, 0);
    });
  });

  describe('tail', () => {
    it('begins at the beginning, also of a run that has ended, or after the event that is named', async () => {
      const { run, result } = await stack.json(...EXEC, 'echo one', '--wait');
      const whole = await stack.run('run', 'tail', run.id, '--json');
      assert.equal(whole.code, 0);
      assert.equal(whole.stdout.trimEnd().split('\n').length, Number(result.lastSeq) + 1);
      const rest = await stack.run('run', 'tail', run.id, '--json', '--after', String(result.lastSeq));
      assert.equal(rest.stdout.trimEnd().split('\n').length, 1);
    });

    it('takes the address of a run for its id', async () => {
      const { run } = await stack.json(...EXEC, 'true', '--wait');
      assert.equal((await stack.run('run', 'tail', `${stack.info.url}/api/v1/runs/${run.id}/events`)).code, 0);
    });

    it('detaches on Ctrl-C with 130 and says how to come back; the run goes on', async () => {
      const id = await longRun();
      const tail = stack.spawn('run', 'tail', id);
      await tail.printed(/begun/);
      const { code, stderr } = await tail.stop('SIGINT');
      assert.equal(code, 130);
      assert.match(stderr, new RegExp(`! detached\n.*run tail ${id}`));
      assert.equal((await stack.json('run', 'show', id)).run.status, 'running');
      await stack.run('run', 'cancel', id, '--wait');
    });

    it('answers a run that does not exist with 1', async () => {
      const { code, stderr } = await stack.run('run', 'tail', 'run_00000000000000000000000000000000');
      assert.equal(code, 1);
      assert.match(stderr, /does not exist/);
    });

    it('stops quietly when its reader has seen enough', async () => {
      const { run } = await stack.json(...EXEC, 'seq 1 20000', '--wait');
      const tail = stack.spawn('run', 'tail', run.id);
      await tail.printed(/^1$/m);
      tail.child.stdout?.destroy();
      const { code, stderr } = await tail.ended;
      assert.equal(code, 0);
      assert.doesNotMatch(stderr, /EPIPE/);
    });
  });

  describe('cancel', () => {
    it('ends a run and its agent, and tells a tail, which ends with 5', async () => {
      const id = await longRun();
      const tail = stack.spawn('run', 'tail', id);
      await tail.printed(/begun/);
      const { code, stdout } = await stack.run('run', 'cancel', id, '--reason', 'no longer wanted', '--wait');
      assert.deepEqual([code, stdout], [0, `${id}\tcancelled\n`]);
      const ended = await tail.ended;
      assert.equal(ended.code, 5);
      assert.match(ended.stdout, /⊘ Interrupted in/);
      const { run } = await stack.json('run', 'show', id);
      assert.equal(run.cancelReason, 'no longer wanted');
    });

    it('is too late, with 6, for a run that has ended otherwise; repeating it is harmless', async () => {
      const { run } = await stack.json(...EXEC, 'true', '--wait');
      const late = await stack.run('run', 'cancel', run.id);
      assert.equal(late.code, 6);
      assert.match(late.stderr, /too late: the run has ended completed/);
      const waiting = await stack.json('run', 'create', '--backend', 'exec');
      for (const _ of [1, 2]) assert.equal((await stack.run('run', 'cancel', waiting.run.id)).code, 0);
    });
  });

  describe('send', () => {
    it('hands a kept run further turns, and shows the events of each alone', async () => {
      const { run } = await stack.json(...EXEC, 'echo first > memory; echo done', '--keep-open', '--wait');
      assert.equal(run.terminalStatus, null);
      const second = await stack.run('run', 'send', run.id, 'cat memory', '--tail');
      assert.equal(second.code, 0, second.stderr);
      assert.match(second.stdout, /^first$/m);
      assert.doesNotMatch(second.stdout, /^done$/m);
      const third = await stack.json('run', 'send', run.id, 'echo third', '--wait');
      assert.deepEqual([third.command.seq, third.result.reply], [3, 'third\n']);
      assert.equal((await stack.run('run', 'send', run.id, 'exit 9', '--wait')).code, 5);
      await stack.run('run', 'cancel', run.id, '--wait');
    });

    it('starts a runner for a run that waits for one, where asked to', async () => {
      const { run } = await stack.json('run', 'create', '--backend', 'exec');
      const { result } = await stack.json('run', 'send', run.id, 'echo at last', '--runner', '--wait');
      assert.equal(result.reply, 'at last\n');
      await stack.run('run', 'cancel', run.id, '--wait');
    });

    it('steers a live turn and interrupts it', async () => {
      const { run } = await stack.json(...EXEC, 'echo begun; read line; echo "told $line"; sleep 600', '--keep-open');
      await printed(run.id, /begun/);
      assert.equal((await stack.run('run', 'send', run.id, 'to go left', '--type', 'steer', '--wait')).code, 0);
      await printed(run.id, /told to go left/);
      assert.equal((await stack.run('run', 'send', run.id, '--type', 'interrupt', '--wait')).code, 0);
      const late = await stack.run('run', 'send', run.id, 'exit 0', '--type', 'steer', '--wait');
      assert.equal(late.code, 6, late.stderr);
      assert.match(late.stderr, /too late: the turn had ended, so it is the next turn, cmd_/);
      await stack.run('run', 'cancel', run.id, '--wait');
    });

    it('is too late, with 6, for a run that has ended', async () => {
      const { run } = await stack.json(...EXEC, 'true', '--wait');
      const { code, stderr } = await stack.run('run', 'send', run.id, 'more');
      assert.equal(code, 6, stderr);
      assert.match(stderr, /has ended/);
    });
  });

  describe('list and show', () => {
    it('lists newest first, apart by tabs, without a header, in a pipe', async () => {
      const { run } = await stack.json(...EXEC, 'exit 4', '--tenant', 'listed');
      await stack.run('run', 'tail', run.id);
      const { code, stdout } = await stack.run('run', 'list', '--tenant', 'listed');
      assert.equal(code, 0);
      const cells = stdout.trimEnd().split('\t');
      assert.deepEqual(cells.slice(0, 6), [run.id, 'failed', 'exec', 'listed', 'default', '1']);
      assert.equal(cells.at(-1), 'backend-failed');
    });

    it('answers an empty list with [] under --json, and with nothing in a pipe', async () => {
      assert.deepEqual(await stack.json('run', 'list', '--tenant', 'nobody'), []);
      const { code, stdout, stderr } = await stack.run('run', 'list', '--tenant', 'nobody');
      assert.deepEqual([code, stdout, stderr], [0, '', '']);
    });

    it('pages on until the limit', async () => {
      assert.equal((await stack.json('run', 'list', '--limit', '3')).length, 3);
      const all = await stack.json('run', 'list', '--limit', '1000');
      assert.deepEqual(
        [...all].sort((a, b) => b.createdAt.localeCompare(a.createdAt)),
        all,
      );
    });

    it('shows a run by rows that a program can read', async () => {
      const { run } = await stack.json(...EXEC, 'echo shown', '--wait');
      const { stdout } = await stack.run('run', 'show', run.id);
      const rows = new Map(
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => line.split('\t') as [string, string]),
      );
      assert.deepEqual([rows.get('id'), rows.get('status'), rows.get('attempt')], [run.id, 'completed', '1 of 3']);
      assert.equal(rows.get('diagnosis'), 'The run completed; read the reply.');
    });

    it('uses no colours in a pipe unless asked to, and none under NO_COLOR', async () => {
      const list = (more: Record<string, string>) => cli(['health'], { ...stack.environment, ...more });
      assert.ok(!(await list({})).stdout.includes(ESCAPE));
      assert.ok(!(await list({ FORCE_COLOR: '1', NO_COLOR: '1' })).stdout.includes(ESCAPE));
    });
  });

  describe('the manager it speaks to', () => {
    it('is told by AGENTRUN_URL and AGENTRUN_OPERATOR_TOKEN', async () => {
      const token = (await readFile(stack.info.operatorTokenFile, 'utf8')).trim();
      const elsewhere = { AGENTRUN_DATA_DIR: join(stack.dataDir, 'elsewhere'), AGENTRUN_URL: stack.info.url };
      const allowed = await cli(['run', 'list'], { ...elsewhere, AGENTRUN_OPERATOR_TOKEN: token });
      assert.equal(allowed.code, 0, allowed.stderr);
      for (const wrong of [{}, { AGENTRUN_OPERATOR_TOKEN: 'not-the-token' }]) {
        const { code, stderr } = await cli(['run', 'list'], { ...elsewhere, ...wrong });
        assert.equal(code, 4);
        assert.match(stderr, /set AGENTRUN_OPERATOR_TOKEN/);
      }
    });

    it('is never sent the token of another one', async () => {
      const seen: (string | undefined)[] = [];
      const { createServer } = await import('node:http');
      const server = createServer((request, response) => {
        seen.push(request.headers.authorization);
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
      await cli(['run', 'list'], { ...stack.environment, AGENTRUN_URL: url });
      server.close();
      assert.deepEqual(seen, [undefined]);
    });

    it('tells how it is, and ends with 0 where all is well', async () => {
      const { code, stdout } = await stack.run('health');
      assert.equal(code, 0);
      for (const part of ['manager', 'database', 'temporal', 'platform'])
        assert.match(stdout, new RegExp(`^${part}\tready\t`, 'm'));
      assert.equal((await stack.json('health')).ready, true);
    });

    it('keeps its token to its file: neither its output nor its log holds it', async () => {
      const token = (await readFile(stack.info.operatorTokenFile, 'utf8')).trim();
      await writeFile(join(stack.dataDir, 'probe'), token);
      const log = await readFile(join(stack.dataDir, 'logs/manager.log'), 'utf8');
      assert.ok(log.includes('"msg":"request"'));
      assert.ok(!log.includes(token));
    });
  });
});
