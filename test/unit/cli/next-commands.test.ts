import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { nextCommands } from '../../../src/cli/next-commands.js';
import { recoveryActions } from '../../../src/run-result/recovery-actions.js';
import type { RunFacts } from '../../../src/run-result/run-facts.js';
import { readRecorded } from '../../support/endings/recorded.js';

const recorded = readRecorded();

function commandsFor(name: string, run: Partial<RunFacts['run']> = {}): string[] {
  const { facts } = recorded.get(name) ?? assert.fail(`${name} is not recorded`);
  const changed = { ...facts, run: { ...facts.run, ...run } };
  return nextCommands(recoveryActions(changed), changed.run, 'agentrun');
}

describe('the commands that are offered after an end', () => {
  it('set and try the credential of the profile, and make the same run again', () => {
    assert.deepEqual(commandsFor('provider-401'), [
      'agentrun profile credential acme-codex --api-key-stdin',
      'agentrun profile validate acme-codex',
      'agentrun run create --backend acme-codex --tenant acme --project shop --sandbox full-access --prompt "…"',
      'agentrun run tail run_0000000001',
    ]);
  });

  it('give a longer limit to the limit that was passed', () => {
    assert.match(commandsFor('hard-timeout')[0] ?? '', /^agentrun run create .* --timeout …$/);
    assert.match(commandsFor('idle-timeout')[0] ?? '', /^agentrun run create .* --idle-timeout …$/);
  });

  it('send the answer to what the agent asked', () => {
    assert.match(commandsFor('blocked')[1] ?? '', /^agentrun run create --backend acme-codex /);
    const sessionRef = { sessionId: 'sess_1' };
    assert.equal(commandsFor('blocked', { sessionRef })[1], 'agentrun session send sess_1 "…"');
  });

  it('keep the rights that the run had, and leave out those that any run has', () => {
    const { executionPolicy } = recorded.get('command-failed')!.facts.run;
    const narrow = {
      ...executionPolicy,
      sandbox: 'read-only' as const,
      approval: 'on-request' as const,
      network: false,
    };
    const [again] = commandsFor('command-failed', { executionPolicy: narrow });
    assert.match(again ?? '', / --sandbox read-only --approval on-request --no-network --prompt "…"$/);
  });

  it('ask which rights an agent gets that asked for more', () => {
    const { executionPolicy } = recorded.get('blocked')!.facts.run;
    const narrow = { ...executionPolicy, sandbox: 'read-only' as const };
    const allowed = commandsFor('blocked', { executionPolicy: narrow }).find((command) =>
      / --sandbox …$/.test(command),
    );
    assert.match(allowed ?? '', /^agentrun run create --backend acme-codex .* --sandbox …$/);
    assert.doesNotMatch(allowed ?? '', /read-only/);
  });

  it('hold words of a workspace that a shell would take apart', () => {
    const workspaceRef = { kind: 'path' as const, path: "/srv/it's here" };
    const [again] = commandsFor('command-failed', { workspaceRef });
    assert.match(again ?? '', /--workspace 'path:\/srv\/it'\\''s here' /);
  });
});
