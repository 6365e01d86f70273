import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord } from '../../../src/contract/run.js';
import { CodexRunner } from '../../support/codex-runner.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../../support/codex.js';
import { answer, patchCall, shellCall, text } from '../../support/mock-provider/answers.js';
import { hangs } from '../../support/mock-provider/failures.js';

/** Codex does not tell of a command that its sandbox stopped in the first moments. */
const LATER = 'sleep 0.5; ';
const PROBE = `${LATER}echo x > in.txt && echo written; echo x > /usr/local/x; (echo > /dev/tcp/127.0.0.1/1) 2>&1`;

type Policy = RunRecord['executionPolicy'];

/** The model asks to leave the sandbox. */
const escalation: Parameters<typeof answer>[0][number] = (stream) => {
  const parameters = {
    cmd: 'touch /usr/local/agentrun-escaped',
    sandbox_permissions: 'require_escalated',
    justification: 'it is needed there',
  };
  const call = { type: 'function_call', id: 'fc_1', call_id: 'call_1', status: 'completed', name: 'exec_command' };
  stream.item({ ...call, arguments: JSON.stringify(parameters) });
};

describe('the execution policy of a run with codex', () => {
  let runner: CodexRunner;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    await codexForTests();
  });
  afterEach(() => runner.dispose());

  const create = async (script: Parameters<typeof CodexRunner.create>[0], policy: Partial<Policy>) => {
    runner = await CodexRunner.create(script);
    Object.assign(runner.manager.run.executionPolicy, policy);
    return runner.manager;
  };

  it('ends a turn as blocked when the agent asks for approval, and says for what', async () => {
    const manager = await create([answer([escalation]), text('Then not.')], {
      sandbox: 'workspace-write',
      approval: 'on-request',
    });
    const turn = manager.add('turn', 'escape');
    void runner.start();
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['blocked', null]);
    assert.match(turn.failureMessage ?? '', /asks for approval to run: .*touch .*\(it is needed there\)/);
    const needed = await runner.payload('backend_status', ({ phase }) => phase === 'needs-input');
    assert.deepEqual([needed.commandId, needed.toolName, needed.reason], [turn.id, 'shell', 'it is needed there']);
    assert.match(String(needed.command), /touch/);
    const calls = runner.payloads('tool_call', turn).map(({ status, itemId }) => [status, itemId]);
    assert.deepEqual(calls.at(-1), ['declined', needed.itemId]);
    const next = manager.add('turn', 'do without');
    await manager.ended(next);
    assert.equal(next.terminalStatus, 'completed');
  });

  it('ends a turn as blocked also where codex goes on, by ending codex, and resumes its thread for the next turn', async () => {
    const manager = await create([answer([escalation]), hangs(), text('Back.')], {
      sandbox: 'workspace-write',
      approval: 'on-request',
      timeoutMs: 10_000,
    });
    const deaf = join(runner.fixture.volumeDir, 'deaf-codex');
    const hears = `sed -u -e '/"turn\\/interrupt"/d' -e 's/"decision":"cancel"/"decision":"decline"/'`;
    await writeFile(deaf, `#!/bin/sh\n${hears} | exec '${await codexForTests()}' "$@"\n`, { mode: 0o755 });
    const turn = manager.add('turn', 'escape');
    void runner.start({ AGENTRUN_CODEX_PATH: deaf, AGENTRUN_RUNNER_INTERRUPT_GRACE_MS: '300' });
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['blocked', null]);
    assert.match(turn.failureMessage ?? '', /asks for approval to run: .*touch /);
    assert.deepEqual(runner.payloads('error', turn), []);
    const next = manager.add('turn', 'do without');
    await manager.ended(next);
    assert.deepEqual([next.terminalStatus, next.threadId], ['completed', turn.threadId]);
    assert.ok(manager.phases().includes('thread/resumed'));
  });

  it('blocks for a change of files where only reading is allowed', async () => {
    const patch = '*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch';
    const manager = await create([answer([patchCall(patch)])], { sandbox: 'read-only', approval: 'on-request' });
    const turn = manager.add('turn', 'write');
    void runner.start();
    await manager.ended(turn);
    assert.equal(turn.terminalStatus, 'blocked');
    assert.match(turn.failureMessage ?? '', /asks for approval to change files/);
  });

  it('declines under "never" without a word to anybody, and the turn goes on', async () => {
    const manager = await create([answer([escalation]), text('Then not.')], { sandbox: 'workspace-write' });
    const turn = manager.add('turn', 'escape');
    void runner.start();
    await manager.ended(turn);
    assert.equal(turn.terminalStatus, 'completed');
    assert.match(runner.provider.conversation(1).at(-1) ?? '', /approval policy is Never/);
  });

  it('keeps commands in the workspace and off the network', async () => {
    const manager = await create([answer([shellCall(PROBE)]), text('Seen.')], {
      sandbox: 'workspace-write',
      network: false,
    });
    const turn = manager.add('turn', 'try');
    void runner.start();
    await manager.ended(turn);
    for (const said of [/^written$/m, /\/usr\/local\/x: Read-only file system/, /socket: Operation not permitted/]) {
      assert.match(manager.output(turn.id), said);
    }
    assert.equal(await readFile(join(runner.fixture.workspace, 'in.txt'), 'utf8'), 'x\n');
  });

  it('lets commands of a read-only run use the network where it is allowed', async () => {
    const manager = await create(
      [answer([shellCall(`${LATER}echo x > in.txt; (echo > /dev/tcp/127.0.0.1/1) 2>&1`)]), text('Seen.')],
      {
        sandbox: 'read-only',
        network: true,
      },
    );
    const turn = manager.add('turn', 'try');
    void runner.start();
    await manager.ended(turn);
    assert.equal(turn.failureMessage, null);
    assert.match(manager.output(turn.id), /in\.txt: Read-only file system/);
    assert.match(manager.output(turn.id), /Connection refused/);
  });
});
