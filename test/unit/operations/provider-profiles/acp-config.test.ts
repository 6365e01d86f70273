import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AgentRunError } from '../../../../src/domain/errors.js';
import { acpBackend } from '../../../../src/operations/provider-profiles/acp-backend.js';
import {
  acpSettingsOf,
  checkAcpConfig,
  credentialNeedOfAcp,
} from '../../../../src/operations/provider-profiles/acp-config.js';
import { keptProfile } from '../../../../src/operations/provider-profiles/kept-profile.js';
import { redactConfig } from '../../../../src/operations/provider-profiles/redact-config.js';

const COMMAND = 'command = ["npx", "-y", "an-agent"]';

function fault(text: string): AgentRunError {
  try {
    checkAcpConfig(text);
  } catch (error) {
    if (error instanceof AgentRunError) return error;
    throw error;
  }
  return assert.fail('it was taken');
}

describe("an ACP agent's configuration file", () => {
  it('says all that an agent is started with', () => {
    const text = `${COMMAND}\napi_key_env = "KEY"\nauth_method = "api-key"\nmode = "bold"\n[env]\nA = "1"\n[capabilities]\nsteer = true`;
    assert.deepEqual(acpSettingsOf(text), {
      command: ['npx', '-y', 'an-agent'],
      env: { A: '1' },
      apiKeyEnv: 'KEY',
      authMethod: 'api-key',
      mode: 'bold',
      capabilities: { steer: true, resume: false, usage: false },
    });
    assert.equal(redactConfig(text).text, text.replace('"1"', '"[redacted]"'));
  });

  it('takes a command line without quotes for what it is', () => {
    assert.deepEqual(acpSettingsOf('command = "  npx -y  an-agent "').command, ['npx', '-y', 'an-agent']);
    assert.deepEqual(acpSettingsOf('command = "/opt/agent"').command, ['/opt/agent']);
  });

  const REFUSED: [what: string, text: string, said: RegExp, path: string | undefined][] = [
    ['broken TOML', 'command = "planted', /not valid TOML at line 1/, undefined],
    ['no command', '', /command must be the program and its arguments/, 'command'],
    ['an empty command', 'command = []', /command must be/, 'command'],
    ['a command of blanks', 'command = "  "', /command must be/, 'command'],
    ['an empty word in the command', 'command = ["x", ""]', /command must be/, 'command'],
    ['a command of numbers', 'command = [1]', /command must be/, 'command'],
    ['quotes that no shell reads', `command = "x 'planted y'"`, /no shell reads it/, 'command'],
    ['a program of the workspace', 'command = ["./planted"]', /absolute path/, 'command'],
    [
      'a variable that is none',
      `${COMMAND}\n[env]\n"a-b" = "x"`,
      /must be named as an environment variable/,
      'env.a-b',
    ],
    ['a value that is no string', `${COMMAND}\n[env]\nA = 1`, /env\.A must be a string/, 'env.A'],
    ['a variable for the key that is none', `${COMMAND}\napi_key_env = "a b"`, /environment variable/, 'api_key_env'],
    ['the key in two places', `${COMMAND}\napi_key_env = "A"\n[env]\nA = "planted"`, /set in one place/, 'env.A'],
    ['an unknown key', `${COMMAND}\nmodel = "planted"`, /model is not known here: known are command, env/, 'model'],
    ['an unknown capability', `${COMMAND}\n[capabilities]\nfly = true`, /is not known here/, 'capabilities.fly'],
    ['a capability by word', `${COMMAND}\n[capabilities]\nsteer = "planted"`, /true or false/, 'capabilities.steer'],
    ['an environment that is no table', `${COMMAND}\nenv = "planted"`, /env must be a table/, 'env'],
    ['a hidden value', `${COMMAND}\n[env]\nA = "[redacted]"`, /stands for a value that was hidden/, undefined],
  ];
  for (const [what, text, said, path] of REFUSED) {
    it(`is refused with ${what}, by its place and without what it says`, () => {
      const { message, details } = fault(text);
      assert.match(message, said);
      assert.doesNotMatch(message, /planted/);
      assert.deepEqual([details['field'], details['path']], ['config', path]);
    });
  }

  it('says whether the agent takes a key', () => {
    assert.equal(credentialNeedOfAcp(undefined), 'none');
    assert.equal(credentialNeedOfAcp(COMMAND), 'none');
    assert.equal(credentialNeedOfAcp(`${COMMAND}\napi_key_env = "KEY"`), 'api-key');
  });
});

describe('an ACP agent as a backend', () => {
  const backend = (config: string | undefined, fields: Record<string, string> = {}, has = true) => {
    const bundle = {
      ref: { kind: 'provider-profile', name: 'mine' } as const,
      fields: { kind: 'acp', ...(config !== undefined && { config }), ...fields },
      updatedAtMs: 1,
    };
    return acpBackend(keptProfile('mine', bundle), async (program) => has && program === 'npx');
  };

  it('is ready with its program and, where it takes one, its key', async () => {
    const ready = await backend(`${COMMAND}\n[capabilities]\nsteer = true`);
    assert.deepEqual(ready, {
      name: 'mine',
      kind: 'acp',
      protocol: 'acp',
      command: 'npx -y an-agent',
      ready: true,
      reason: null,
      capabilities: { steer: true, interrupt: true, resume: false, usage: false },
    });
    const withKey = `${COMMAND}\napi_key_env = "KEY"`;
    const keyless = await backend(withKey);
    assert.deepEqual([keyless.ready, /no credential is set/.test(keyless.reason ?? '')], [false, true]);
    assert.equal((await backend(withKey, { apiKey: 'k' })).ready, true);
  });

  it('is not ready otherwise, and says what is missing', async () => {
    assert.match((await backend(COMMAND, {}, false)).reason ?? '', /the program npx is not on the search path/);
    assert.match((await backend(undefined)).reason ?? '', /no agent is named/);
    const older = await backend(`${COMMAND}\nof_tomorrow = 1`);
    assert.deepEqual([older.ready, /of_tomorrow is not known here/.test(older.reason ?? '')], [false, true]);
  });

  it('shows its command without what looks secret in it', async () => {
    const { command } = await backend('command = ["npx", "--token", "planted", "https://u:planted@host/x"]');
    assert.equal(command, 'npx --token [redacted] https://[redacted]@host/x');
  });
});
