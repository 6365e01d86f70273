import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RunRecord } from '../../../src/contract/run.js';
import { BackendError } from '../../../src/runner/backends/backend.js';
import { checkSandbox, sandboxPolicy } from '../../../src/runner/backends/codex/handshake.js';

type Policy = RunRecord['executionPolicy'];

const policyOf = (sandbox: Policy['sandbox'], network = false): Policy => ({
  sandbox,
  network,
  approval: 'never',
  timeoutMs: 1,
  idleTimeoutMs: 1,
});

/** A codex whose commands end like this. */
function check(policy: Policy, ends: { exitCode: number; stdout?: string; stderr?: string }): Promise<void> {
  const request = async <T>() => ({ stdout: '', stderr: '', ...ends }) as T;
  return checkSandbox({ server: { request }, workspaceDir: '/w', policy });
}

describe("codex's sandbox", () => {
  it('is said not to work where a command cannot even start in it', async () => {
    const refused = check(policyOf('workspace-write'), { exitCode: 1, stderr: 'bwrap: no new namespace\n' });
    await assert.rejects(refused, (error: unknown) => {
      assert.ok(error instanceof BackendError);
      assert.equal(error.failureKind, 'runner-start-failed');
      assert.match(error.message, /^the sandbox workspace-write does not work .*: bwrap: no new namespace; let unpriv/);
      return true;
    });
    await assert.rejects(check(policyOf('read-only'), { exitCode: 137 }), /exit code 137/);
  });

  it('is not looked for where none is wanted, and passes where it works', async () => {
    await check(policyOf('full-access'), { exitCode: 1 });
    await check(policyOf('read-only'), { exitCode: 0 });
  });

  it('has the network as the policy says, but not where there is no sandbox', () => {
    const networkOf = (sandbox: Policy['sandbox'], network: boolean) =>
      sandboxPolicy(policyOf(sandbox, network))['networkAccess'];
    assert.deepEqual([networkOf('read-only', true), networkOf('read-only', false)], [true, false]);
    assert.deepEqual([networkOf('workspace-write', true), networkOf('workspace-write', false)], [true, false]);
    assert.equal(sandboxPolicy(policyOf('full-access'))['type'], 'dangerFullAccess');
  });
});
