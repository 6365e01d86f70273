import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Api, eventually, type Loose } from '../support/api.js';
import { UpStack } from '../support/cli.js';
import { untilEnded, untilPrinted } from '../support/live-runner.js';

const EXEC = ['--backend', 'exec'];
let numbered = 0;
const newSession = () => `talk-${(numbered += 1)}`;

describe('agentrun session, against `agentrun up`', () => {
  let stack: UpStack;
  let api: Api;

  before(async function () {
    this.timeout(120_000);
    stack = await UpStack.start();
    api = new Api(stack.info.url, (await readFile(stack.info.operatorTokenFile, 'utf8')).trim());
  });
  after(() => stack.remove());

  const RUN = { tenantId: 'default', projectId: 'default', backendProfile: 'exec' };
  const send = async (sessionId: string, prompt: string) =>
    api.post(`/api/v1/sessions/${sessionId}/send`, { prompt, run: RUN });

  /** A session whose turn waits for a line; answers the send. */
  async function waitingTurn(sessionId: string): Promise<Loose> {
    const sent = await send(sessionId, 'echo begun; read x; echo got $x');
    await untilPrinted(api, sent.command, 'begun');
    return sent;
  }

  const lines = (text: string) => text.trimEnd().split('\n');

  describe('create, list, show, read', () => {
    it('makes a session once, with its storage, and answers it as it is from then on', async () => {
      const id = newSession();
      const create = ['session', 'create', id, ...EXEC, '--tenant', 'acme', '--project', 'shop', '--expires-in', '2d'];
      const first = await stack.run(...create);
      assert.deepEqual([first.code, first.stdout], [0, `${id}\tcreated\n`], first.stderr);
      const again = await stack.json(...create);
      assert.equal(again.action, 'session-exists');
      const { session, storage } = await stack.json('session', 'show', id);
      assert.deepEqual([session.tenantId, session.projectId, session.backendProfile], ['acme', 'shop', 'exec']);
      assert.ok(Date.parse(session.expiresAt) - Date.now() < 2 * 86_400_000);
      assert.match(storage.pvcName, new RegExp(`^session-${id}-`));
      const { stdout } = await stack.run('session', 'show', id);
      const rows = new Map(lines(stdout).map((line) => line.split('\t') as [string, string]));
      assert.deepEqual([rows.get('id'), rows.get('state'), rows.get('project')], [id, 'idle', 'acme/shop']);
    });

    it('lists newest activity first, apart by tabs, with whether it is read, and [] where there is none', async () => {
      const id = newSession();
      await send(id, 'echo said');
      await eventually(
        async () => api.get(`/api/v1/sessions/${id}`),
        ({ unread }) => unread === true,
      );
      const { stdout } = await stack.run('session', 'list', '--state', 'unread', '--limit', '1');
      const [sessionId, , , unread, backend, tenant] = stdout.split('\t');
      assert.deepEqual([sessionId, unread, backend, tenant], [id, 'unread', 'exec', 'default']);
      assert.equal((await stack.run('session', 'read', id)).code, 0);
      assert.equal((await stack.json('session', 'show', id)).session.unread, false);
      assert.equal((await stack.json('session', 'show', id, '--reader', 'somebody-else')).session.unread, true);
      assert.deepEqual(await stack.json('session', 'list', '--backend', 'nobody-has-it'), []);
    });

    it('takes an address of a session for its id, and names what is none', async () => {
      const id = newSession();
      await stack.json('session', 'create', id, ...EXEC);
      const shown = await stack.json('session', 'show', `${stack.info.url}/api/v1/sessions/${id}/trace?limit=1`);
      assert.equal(shown.session.sessionId, id);
      assert.equal((await stack.run('session', 'show', '-bad')).code, 2);
      const missing = await stack.run('session', 'show', 'nobody');
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, /does not exist/);
    });
  });

  describe('send', () => {
    it('begins a run for a new session, goes on with it, and ends with what came of the turn', async () => {
      const id = newSession();
      const first = await stack.run('session', 'send', id, 'echo one > said; echo first', ...EXEC, '--tail');
      assert.equal(first.code, 0, first.stderr);
      assert.match(first.stdout, /^first$/m);
      const second = await stack.json('session', 'send', id, 'cat said', '--wait');
      assert.deepEqual([second.decision, second.result.reply], ['turn', 'one\n']);
      const failed = await stack.run('session', 'send', id, 'echo no; exit 3', '--tail');
      assert.equal(failed.code, 5);
      assert.doesNotMatch(failed.stdout, /^one$/m, 'what was said before is not shown again');
    });

    it('steers the turn that runs, tells of the delivery by its event, and follows the turn to its end', async () => {
      const id = newSession();
      const { run, command } = await waitingTurn(id);
      const steer = await stack.run('session', 'send', id, 'hello', '--tail');
      assert.equal(steer.code, 0, steer.stderr);
      const seq = /◷ queued\n.*✓ delivered e(\d+)/s.exec(steer.stderr)?.[1];
      const proof = (await api.events(run.id)).find((event) => event.seq === Number(seq));
      assert.deepEqual([proof?.payload.phase, proof?.payload.turnCommandId], ['steer-delivered', command.id]);
      assert.match(steer.stdout, /^got hello$/m);
      assert.match(steer.stdout, /✓ Done in/);
    });

    it('leaves off with the delivery under --wait, and prints the decision in a pipe', async () => {
      const id = newSession();
      const { run } = await waitingTurn(id);
      const waited = await stack.run('session', 'send', id, 'hello', '--wait');
      assert.deepEqual([waited.code, waited.stdout.split('\t')[1]], [0, 'delivered'], waited.stderr);
      const { stdout } = await stack.run('session', 'send', id, 'true');
      assert.match(
        stdout,
        new RegExp(`^cmd_\\w+\tturn\t${run.id}\tpending\n$|^cmd_\\w+\tsteer\t${run.id}\tpending\n$`),
      );
    });

    it('says so where the turn had ended, and follows the steer as the next turn', async () => {
      const id = newSession();
      // A turn that no longer listens: what is steered into it comes too late.
      const deaf = await send(id, 'exec <&-; echo deaf; until [ -e go ]; do sleep 0.1; done');
      await untilPrinted(api, deaf.command, 'deaf');
      const late = stack.spawn('session', 'send', id, 'echo next turn', '--tail');
      await late.printed(/! turn ended: sent as the next turn/);
      const { pvcName } = await api.get(`/api/v1/sessions/${id}/storage`);
      await writeFile(join(stack.dataDir, 'volumes', pvcName, 'workspace', 'go'), '');
      const { code, stdout, stderr } = await late.ended;
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^next turn$/m);
    });

    it('plans under --dry-run, for a session that is not there too, and does nothing', async () => {
      const id = newSession();
      const { stdout, code } = await stack.run('session', 'send', id, 'true', ...EXEC, '--dry-run');
      assert.deepEqual([code, stdout.split('\t').slice(0, 2)], [0, ['turn', 'POST']]);
      assert.equal((await stack.run('session', 'show', id)).code, 1);
    });

    it('sends the same once for one idempotency key', async () => {
      const again = async () => stack.json('session', 'send', id, 'echo once', ...EXEC, '--idempotency-key', 'k');
      const id = newSession();
      const [first, second] = [await again(), await again()];
      assert.equal(first.command.id, second.command.id);
    });

    it('refuses what does not fit together with 2', async () => {
      for (const extra of [
        ['--dry-run', '--tail'],
        ['--wait-timeout', '1s'],
        ['--wait', '--tail'],
        ['--backend', 'a', '--profile', 'b'],
      ]) {
        assert.equal((await stack.run('session', 'send', 'any', 'x', ...extra)).code, 2, extra.join(' '));
      }
    });
  });

  describe('tail', () => {
    it('follows a session over its runs', async () => {
      const id = newSession();
      const first = await send(id, 'echo one');
      const tail = stack.spawn('session', 'tail', id);
      await tail.printed(/^one$/m);
      await api.post(`/api/v1/runs/${first.run.id}/cancel`);
      await untilEnded(api, first.run.id);
      const second = await send(id, 'echo two');
      assert.notEqual(second.run.id, first.run.id);
      await tail.printed(/^two$/m);
      const { code, stderr, stdout } = await tail.stop('SIGINT');
      assert.equal(code, 130);
      assert.match(stderr, /session tail .* --new/);
      assert.match(stdout, /^one$[^]*^two$/m);
      const all = lines((await stack.run('session', 'tail', id, '--no-follow', '--json')).stdout).map((line) =>
        JSON.parse(line),
      );
      const seqs = (runId: string) => all.filter((event) => event.runId === runId).map(({ seq }) => seq);
      for (const { run } of [first, second]) {
        const known = (await api.events(run.id)).map(({ seq }) => seq);
        assert.deepEqual(known.slice(0, seqs(run.id).length), seqs(run.id));
        assert.ok(seqs(run.id).length > 0);
      }
    });

    it('shows under --new only what happens from now on, and leaves off with 3 when the time is up', async () => {
      const id = newSession();
      const before = await send(id, 'echo before');
      await untilPrinted(api, before.command, 'before');
      const tail = stack.spawn('session', 'tail', id, '--new');
      // Nothing tells when it has begun to look.
      const said = async () => send(id, 'echo after').then(() => tail.stdout);
      await eventually(said, (stdout) => /^after$/m.test(stdout));
      assert.doesNotMatch((await tail.stop('SIGINT')).stdout, /^before$/m);
      assert.equal((await stack.run('session', 'tail', id, '--new', '--wait-timeout', '100ms')).code, 3);
    });
  });

  describe('cancel', () => {
    it('cancels the turn that runs, then the run; and is too late, with 6, for one that is over', async () => {
      const id = newSession();
      const { run, command } = await waitingTurn(id);
      const turn = await stack.run('session', 'cancel', id, '--reason', 'enough', '--wait');
      assert.deepEqual([turn.code, turn.stdout], [0, `${id}\tcommand\t${command.id}\n`], turn.stderr);
      const ended = await stack.run('session', 'cancel', id, '--wait');
      assert.deepEqual([ended.code, ended.stdout], [0, `${id}\trun\t${run.id}\n`], ended.stderr);
      const late = await stack.run('session', 'cancel', id);
      assert.equal(late.code, 6, late.stderr);
    });
  });

  describe('storage and gc', () => {
    it('shows the volume, records what was measured, and gives it up only when that is meant', async () => {
      const id = newSession();
      await stack.json('session', 'create', id, ...EXEC);
      const refreshed = await stack.json('session', 'storage', 'refresh', id, '--size-bytes', '2048', '--files', '3');
      assert.deepEqual([refreshed.storageSizeBytes, refreshed.storageFilesCount], [2_048, 3]);
      assert.match((await stack.run('session', 'storage', 'show', id)).stdout, /^size\t2\.0 KiB, 3 files$/m);
      const unsure = await stack.run('session', 'storage', 'evict', id);
      assert.equal(unsure.code, 2);
      assert.match(unsure.stderr, /add --yes/);
      const evicted = await stack.run('session', 'storage', 'evict', id, '--yes');
      assert.deepEqual([evicted.code, evicted.stdout], [0, `${id}\tevicted\n`], evicted.stderr);
      const refused = await stack
        .json('session', 'send', id, 'true')
        .catch((error: unknown) => (error as Error).message);
      assert.match(String(refused), /session-store-evicted/);
    });

    it('collects what has expired', async () => {
      const id = newSession();
      await stack.json('session', 'create', id, ...EXEC, '--expires-in', '1s');
      const collected = async () => stack.json('session', 'gc');
      const report = await eventually(collected, ({ items }) => items.some((item: Loose) => item.sessionId === id));
      assert.equal(report.items.find((item: Loose) => item.sessionId === id).outcome, 'evicted');
    });
  });
});
