import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AgentRunError } from '../../../../src/domain/errors.js';
import { checkCodexConfig, credentialNeedOfCodex } from '../../../../src/operations/provider-profiles/codex-config.js';

const provider = (rest: string) => `model_provider = "x"\n[model_providers.x]\nname = "X"\n${rest}`;

function fault(text: string): AgentRunError {
  try {
    checkCodexConfig(text);
  } catch (error) {
    if (error instanceof AgentRunError) return error;
    throw error;
  }
  return assert.fail('it was taken');
}

describe("codex's configuration file", () => {
  const TAKEN: [what: string, text: string][] = [
    ['nothing at all', ''],
    ['a model alone', 'model = "gpt-x"'],
    ['a provider that codex brings along', 'model_provider = "openai"'],
    ['a provider of its own', provider('base_url = "http://127.0.0.1:8080/v1"\nwire_api = "responses"')],
    ['what codex alone knows', 'a_field_of_tomorrow = { x = [1, 99999999999999999999] }'],
    ['a provider quoted', 'model_provider = "x y"\n[model_providers."x y"]\nname = "X"'],
  ];
  for (const [what, text] of TAKEN) it(`is taken with ${what}`, () => checkCodexConfig(text));

  const REFUSED: [what: string, text: string, said: RegExp, details: Record<string, unknown>][] = [
    ['broken TOML', 'a = 1\nb = "planted', /not valid TOML at line 2, column 5/, { line: 2, column: 5 }],
    [
      'a provider that is not there',
      'model_provider = "planted"',
      /model_provider must name/,
      { path: 'model_provider' },
    ],
    ['a provider of another type', 'model_provider = 1', /model_provider must be a string/, { path: 'model_provider' }],
    ['a table that is none', 'model_providers = []', /must be a table/, { path: 'model_providers' }],
    ['a built-in provider', '[model_providers.openai]', /built into codex/, { path: 'model_providers.openai' }],
    [
      'an address that is none',
      provider('base_url = "planted"'),
      /http\(s\) URL/,
      { path: 'model_providers.x.base_url' },
    ],
    [
      'another scheme',
      provider('base_url = "file:///planted"'),
      /http\(s\) URL/,
      { path: 'model_providers.x.base_url' },
    ],
    ['a login', provider('base_url = "https://u:planted@h/v1"'), /credentials/, { path: 'model_providers.x.base_url' }],
    ['a key in the address', provider('base_url = "https://h/?key=planted"'), /credentials/, {}],
    ["a login in OpenAI's address", 'openai_base_url = "https://u:planted@h"', /credentials/, {}],
    ['another protocol', provider('wire_api = "chat"'), /must be "responses"/, { path: 'model_providers.x.wire_api' }],
    ['a count that is none', provider('stream_max_retries = -1'), /whole number from 0/, {}],
    ['a flag that is none', provider('requires_openai_auth = "planted"'), /true or false/, {}],
    ['a header that is none', provider('http_headers = { A = 1 }'), /table of strings/, {}],
    ['a key in place of its variable', provider('env_key = "planted-1 2"'), /name of an environment variable/, {}],
    ['a provider of an odd name', '[model_providers."pla nted"]\nname = 1', /model_providers\."…"\.name/, {}],
    ['what was hidden', 'x = "[redacted]"', /stands for a value that was hidden/, {}],
  ];
  for (const [what, text, said, details] of REFUSED) {
    it(`is refused with ${what}, told by its place and not by its value`, () => {
      const error = fault(text);
      assert.match(error.message, said);
      assert.equal(error.details.field, 'config');
      for (const [name, value] of Object.entries(details)) assert.equal(error.details[name], value);
      assert.doesNotMatch(JSON.stringify([error.message, error.details]), /planted|pla nted/);
    });
  }

  const NEEDS: [text: string | undefined, need: string][] = [
    [undefined, 'any-credential'],
    ['model = "gpt-x"', 'any-credential'],
    ['model_provider = "ollama"', 'none'],
    [provider(''), 'none'],
    [provider('env_key = "A_KEY"'), 'api-key'],
    [provider('auth = { command = "x" }'), 'api-key'],
    [provider('env_key = "A_KEY"\nhttp_headers = { authorization = "x" }'), 'none'],
    [provider('requires_openai_auth = true\nenv_key = "A_KEY"'), 'any-credential'],
    [provider('env_key = "A_KEY"\nexperimental_bearer_token = "t"'), 'none'],
  ];
  for (const [text, need] of NEEDS) {
    it(`needs ${need} for ${JSON.stringify(text ?? null)}`, () => assert.equal(credentialNeedOfCodex(text), need));
  }
});
