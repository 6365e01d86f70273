import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { parse } from 'smol-toml';
import { redactConfig } from '../../../../src/operations/provider-profiles/redact-config.js';

/** Stands for a secret that nothing but its place gives away. */
const S = 'swordfish';

describe('a configuration as it is shown', () => {
  const TABLE: [what: string, given: string, shown: string][] = [
    ['a key', `api_key = "${S}"`, 'api_key = "[redacted]"'],
    ['a literal string', `token = '${S}'`, 'token = "[redacted]"'],
    ['a multi-line string', `password = """\n${S}\n  and "more" \\""""  # why`, 'password = "[redacted]"  # why'],
    ['a literal one that ends with quotes of its own', `secret = '''\n${S}''''`, 'secret = "[redacted]"'],
    ['an escaped name', `"api\\u005fkey" = "${S}"`, '"api\\u005fkey" = "[redacted]"'],
    ['a quoted name', `'client secret' = "${S}"`, `'client secret' = "[redacted]"`],
    ['a dotted name', `a . "token" . b = "${S}"`, 'a . "token" . b = "[redacted]"'],
    ['a number', 'pin = 1234', 'pin = "[redacted]"'],
    ['an array', `keys = [ "${S}", # first\n  'other' ]`, 'keys = [ "[redacted]", # first\n  "[redacted]" ]'],
    ['an inline table', `x = { user = "me", password = "${S}" }`, 'x = { user = "me", password = "[redacted]" }'],
    ['a table within', `[a.credentials]\nuser = "${S}"`, '[a.credentials]\nuser = "[redacted]"'],
    ['an array of tables', `[[a.tokens]]\nv = "${S}"\n[b]\nv = "x"`, '[[a.tokens]]\nv = "[redacted]"\n[b]\nv = "x"'],
    [
      'headers',
      `[model_providers.x.http_headers]\nX-Team = "${S}"`,
      '[model_providers.x.http_headers]\nX-Team = "[redacted]"',
    ],
    ['an environment', `[mcp_servers.x.env]\nA = "${S}"`, '[mcp_servers.x.env]\nA = "[redacted]"'],
    ['a flag and its value', `args = ["--api-key", "${S}", "-v"]`, 'args = ["--api-key", "[redacted]", "-v"]'],
    ['a flag with its value', `args = ["--token=${S}"]`, 'args = ["[redacted]"]'],
    ['a login', `url = "postgres://u:${S}@db/x"`, 'url = "postgres://[redacted]@db/x"'],
    ['a login with a slash in it', `url = "postgres://u:a/${S}@db/x"`, 'url = "postgres://[redacted]@db/x"'],
    ['a parameter', `url = "https://h/?v=1&key=${S}#x"`, 'url = "https://h/?v=1&key=[redacted]#x"'],
    ['an escaped login', `url = "https:\\u002f/u:${S}@h"`, 'url = "[redacted]"'],
    ['a known form', 'model = "sk-abcdefgh12345"', 'model = "[redacted]"'],
    ['a header line', 'x = "Authorization: Bearer abcdefgh"', 'x = "[redacted]"'],
    ['what only a machine writes', 'x = "0123456789abcdef0123456789abcdef"', 'x = "[redacted]"'],
    ['a value where a name belongs', 'env_key = "sk_live_1234567890"', 'env_key = "[redacted]"'],
    ["an ACP agent's environment", `[env]\nA = "${S}"`, '[env]\nA = "[redacted]"'],
    ['a value where its variable belongs', 'api_key_env = "sk_live_1234567890"', 'api_key_env = "[redacted]"'],
    ['a comment', `a = 1 # api_key = "${S}"`, 'a = 1 # api_key = [redacted]'],
    ['a comment with a key', 'a = 1 # was sk-abcdefgh12345', 'a = 1 # [redacted]'],
    ['a name that is a secret', '"sk-abcdefgh12345" = 1', '"[redacted]" = 1'],
    ['the same secret elsewhere', `# ${S} was it\ntoken = "${S}"`, '# [redacted] was it\ntoken = "[redacted]"'],
    ['CRLF', `token = "${S}"\r\n# end\r\n`, 'token = "[redacted]"\r\n# end\r\n'],
  ];
  for (const [what, given, shown] of TABLE) {
    it(`hides ${what}`, () => {
      assert.equal(redactConfig(given).text, shown);
      assert.doesNotMatch(redactConfig(given).text, new RegExp(S));
    });
  }

  it('hides a secret that is known, wherever it stands', () => {
    const shown = redactConfig('model = "planted-key"\n# planted-key', ['planted-key']);
    assert.deepEqual(shown, { text: 'model = "[redacted]"\n# [redacted]', count: 2 });
  });

  it('leaves everything else as it is written', () => {
    const plain = `\uFEFF# AgentRun
model = "gpt-x"   # the model
model_provider = 'my-token-proxy'
model_max_output_tokens = 8_192
tool_output_token_limit = 10000
approval_policy = "never"
notify = [
  "sh", '-c', # a comment, with "quotes" and [brackets]
  "echo done",
]
when = 2025-01-02T03:04:05Z
odd."dotted name".'x y' = { a = [ { b = 1 }, { c = "#" } ], }

[model_providers.my-token-proxy]
name = "A \\"proxy\\""
base_url = "https://llm.example.com/v1?api-version=2"
env_key = "EXAMPLE_API_KEY"
requires_openai_auth = false
request_max_retries = 0
env_http_headers = { "X-Api-Key" = "EXAMPLE_HEADER" }
text = """
several "lines" \\
  # no comment
"""
`;
    const { text, count } = redactConfig(plain.replace(', }', ' }'));
    assert.equal(text, plain.replace(', }', ' }'));
    assert.equal(count, 0);
  });

  it('shows nothing of what it cannot read', () => {
    for (const given of ['token = ', 'a = "x', '[[', '\0'])
      assert.match(redactConfig(`${given} ${S}`).text, /^# \[redacted\][^]*cannot be told apart\n$/);
  });

  it('takes no longer for a text that is made to take long', () => {
    const startedAt = performance.now();
    for (const [before, part, after] of [
      ['# ', 'a', ''],
      ['# ', 'a:/', ''],
      ['# ', 'a=', ''],
      ['x = "a:/', '?', '"'],
      ['x = "', 'eyJ-', '"'],
      ["x = '''", 'a', "'''"],
    ]) {
      const text = `${before}${part?.repeat(65_000 / part.length)}${after}`;
      assert.equal(redactConfig(text).text, text);
    }
    assert.ok(performance.now() - startedAt < 30_000);
  }).timeout(60_000);

  it('never shows a secret, however it is written, and stays TOML', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ' ', '"', "'", '\\', '#', '=', '[', ']', '{', '}', ',', '\n', 'é', '😀'),
    });
    const secret = fc.tuple(text, text).map(([before, after]) => `${before}QQ-planted-QQ${after}`);
    const name = fc.constantFrom('token', 'api_key', 'Authorization', 'pass word', 'a.key', 'x"secret');
    const plain = fc.tuple(fc.constantFrom('model', 'x', 'name'), text);
    fc.assert(
      fc.property(fc.array(plain), name, secret, fc.nat(4), (before, key, value, form) => {
        const lines = before.map(([word, said], index) => `${word}${index} = ${JSON.stringify(said)} # ${word}`);
        const quoted = JSON.stringify(value);
        const held = [quoted, `[1, ${quoted}]`, `{ a = ${quoted} }`, `[[${quoted}]]`, `{ "a b".c = [${quoted}] }`][
          form
        ];
        const toml = [...lines, `${JSON.stringify(key)} = ${held ?? ''}`, '[end]', 'x = 1'].join('\n');
        parse(toml);
        const shown = redactConfig(toml).text;
        assert.doesNotMatch(shown, /QQ-planted-QQ/);
        parse(shown);
        // It was told apart, so that everything else is still there.
        assert.ok(shown.endsWith('[end]\nx = 1'), shown);
      }),
      { numRuns: 500 },
    );
  });
});
