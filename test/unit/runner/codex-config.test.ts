import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parse } from 'smol-toml';
import type { RunRecord } from '../../../src/contract/run.js';
import { BackendError } from '../../../src/runner/backends/backend.js';
import { codexConfig, withoutLayers } from '../../../src/runner/backends/codex/codex-config.js';
import { providerSettings } from '../../../src/runner/backends/codex/provider-settings.js';
import { parseProfileConfig } from '../../../src/runner/backends/toml.js';

const CUSTOM = `
model = "m"
model_provider = "x"
[model_providers.x]
name = "X"
base_url = "https://models.example/v1/"
wire_api = "responses"
env_key = "X_KEY"
stream_idle_timeout_ms = 1000
request_max_retries = 2
query_params = { api-version = "q-secret" }
http_headers = { "X-Team" = "h-secret" }
env_http_headers = { "X-Org" = "ORG", "X-None" = "NONE" }
`;

const policy: RunRecord['executionPolicy'] = {
  sandbox: 'workspace-write',
  approval: 'on-request',
  network: true,
  timeoutMs: 1,
  idleTimeoutMs: 1,
};

function settings(text: string, secrets: Record<string, string> = {}, environment: Record<string, string> = {}) {
  const config = withoutLayers(parseProfileConfig(text, 'p'));
  return { config, ...providerSettings({ config, secrets, profile: 'p', environment }) };
}

interface Generated extends Record<string, unknown> {
  readonly model_providers: Record<string, Record<string, unknown>>;
  readonly sandbox_workspace_write: object;
  readonly analytics: { readonly enabled: boolean };
  readonly mcp_servers: Record<string, { readonly command: string }>;
}

function generated(text: string, secrets: Record<string, string> = {}): Generated {
  const { config, table } = settings(text, secrets);
  const made = codexConfig({ config, provider: table, baseUrl: 'http://127.0.0.1:1/x', policy });
  return parse(made) as unknown as Generated;
}

function refusal(kind: string, words: RegExp) {
  return (error: unknown) => error instanceof BackendError && error.failureKind === kind && words.test(error.message);
}

describe("a profile's provider", () => {
  it('is taken apart: what codex may know, and what only the proxy does', () => {
    const { target, table } = settings(CUSTOM, { apiKey: 'k-secret\n' }, { ORG: 'o' });
    assert.equal(target.baseUrl.href, 'https://models.example/v1/');
    assert.deepEqual(target.headers, { authorization: 'Bearer k-secret', 'X-Org': 'o', 'X-Team': 'h-secret' });
    assert.deepEqual([target.query, target.silenceMs], [{ 'api-version': 'q-secret' }, 1_000]);
    assert.deepEqual(table, {
      name: 'X',
      wire_api: 'responses',
      stream_idle_timeout_ms: 1_000,
      request_max_retries: 2,
    });
  });

  it("is OpenAI's where the config says nothing", () => {
    const { target } = settings('', { apiKey: 'k' });
    assert.deepEqual([target.baseUrl.href, target.silenceMs], ['https://api.openai.com/v1', 300_000]);
    assert.deepEqual(target.headers, { authorization: 'Bearer k' });
    const elsewhere = settings('openai_base_url = "http://localhost:9/v1"', { apiKey: 'k' });
    assert.equal(elsewhere.target.baseUrl.href, 'http://localhost:9/v1');
  });

  it('takes what codex keeps of a login', () => {
    const tokens = { access_token: 'a-token', account_id: 'acc', refresh_token: 'never used' };
    const { target } = settings('', { authJson: JSON.stringify({ OPENAI_API_KEY: null, tokens }) });
    assert.equal(target.baseUrl.href, 'https://chatgpt.com/backend-api/codex');
    assert.deepEqual(target.headers, { authorization: 'Bearer a-token', 'chatgpt-account-id': 'acc' });
    const key = settings('', { authJson: JSON.stringify({ OPENAI_API_KEY: 'k', tokens }) });
    assert.deepEqual([key.target.baseUrl.host, key.target.headers], ['api.openai.com', { authorization: 'Bearer k' }]);
  });

  it('needs no key where it asks for none', () => {
    const open = '[model_providers.x]\nname="X"\nbase_url="http://localhost:8/v1"';
    assert.deepEqual(settings(`model_provider="x"\n${open}`).target.headers, {});
    assert.equal(settings('model_provider = "ollama"').target.baseUrl.href, 'http://localhost:11434/v1');
    const own = settings(`model_provider="x"\n${open}\nenv_key="K"\nhttp_headers={ Authorization = "Basic b" }`);
    assert.deepEqual(own.target.headers, { Authorization: 'Basic b' });
    const token = settings(`model_provider="x"\n${open}\nexperimental_bearer_token="t-secret"`);
    assert.deepEqual(
      [token.target.headers, token.table['experimental_bearer_token']],
      [{ authorization: 'Bearer t-secret' }, undefined],
    );
  });

  it('says which key is missing and what to set', () => {
    assert.throws(() => settings(CUSTOM), refusal('backend-unauthorized', /provider x needs a key.*"p".*apiKey$/));
    assert.throws(() => settings(''), refusal('backend-unauthorized', /openai needs a key.*apiKey or authJson/));
    assert.throws(() => settings('', { authJson: '{"tokens":{}}' }), refusal('backend-unauthorized', /needs a key/));
    assert.throws(
      () => settings('', { authJson: 'k-secret' }),
      refusal('backend-unauthorized', /^[^]((?!secret)[^])*$/),
    );
  });

  it('refuses a config that is no TOML, selects nothing, or leads nowhere', () => {
    const kind = 'runner-start-failed';
    assert.throws(() => settings('key = "k-secret\n'), refusal(kind, /^(?!.*secret).*no TOML \(line 1/));
    assert.throws(() => settings('model_provider = "gone"'), refusal(kind, /no \[model_providers\.gone\]/));
    assert.throws(() => settings('model_provider = "toString"'), refusal(kind, /toString/));
    const odd = 'model_provider="x"\n[model_providers.x]\nbase_url="ftp://x"';
    assert.throws(() => settings(odd), refusal(kind, /base_url/));
  });
});

describe("a provider's settings that no request could be sent with", () => {
  const open = 'model_provider="x"\n[model_providers.x]\nbase_url="http://localhost:8/v1"\n';
  const kind = 'runner-start-failed';

  it('are refused by their name before anything is started', () => {
    const broken = `${open}http_headers = { "X-Team" = "h-secret\\nX-Other: 1" }`;
    assert.throws(() => settings(broken), refusal(kind, /^(?!.*secret).*header X-Team of the model provider x/));
    const odd = `${open}http_headers = { "X Team" = "h-secret" }`;
    assert.throws(() => settings(odd), refusal(kind, /^(?!.*secret).*header X Team of the model provider x/));
    const named = `${open}env_http_headers = { "X-Org" = "ORG" }`;
    assert.throws(() => settings(named, {}, { ORG: 'a\nb' }), refusal(kind, /header X-Org/));
    const tokens = { access_token: 'k-secret\n1' };
    assert.throws(() => settings('', { authJson: JSON.stringify({ tokens }) }), refusal(kind, /header authorization/));
  });

  it('wait no longer than a timer can', () => {
    assert.equal(settings(`${open}stream_idle_timeout_ms = 3_000_000_000`).target.silenceMs, 2 ** 31 - 1);
  });
});

describe("codex's generated config", () => {
  it('names one provider by a stable id, reached by the proxy, with nothing secret', () => {
    const config = generated(CUSTOM, { apiKey: 'k-secret' });
    assert.equal(config['model_provider'], 'agentrun');
    assert.deepEqual(Object.keys(config.model_providers), ['agentrun']);
    const { base_url, requires_openai_auth, supports_websockets, request_max_retries } =
      config.model_providers['agentrun'] ?? {};
    assert.deepEqual(
      [base_url, requires_openai_auth, supports_websockets, request_max_retries],
      ['http://127.0.0.1:1/x', false, false, 2],
    );
    assert.doesNotMatch(JSON.stringify(config), /secret|env_key/);
  });

  it('has the run decide where the profile says otherwise', () => {
    const config = generated(
      'approval_policy = "untrusted"\nsandbox_mode = "danger-full-access"\n' +
        '[analytics]\nenabled = true\n[sandbox_workspace_write]\nnetwork_access = false\nwritable_roots = ["/data"]\n',
      { apiKey: 'k' },
    );
    assert.deepEqual([config['approval_policy'], config['sandbox_mode']], ['on-request', 'workspace-write']);
    assert.deepEqual({ ...config.sandbox_workspace_write }, { network_access: true, writable_roots: ['/data'] });
    assert.equal(config.analytics.enabled, false);
  });

  it('keeps what else the profile says, and lays the layer that it selects over it', () => {
    const config = generated(
      'model = "base"\nprofile = "deep"\n[profiles.deep]\nmodel = "deep-model"\nmodel_reasoning_effort = "high"\n' +
        '[mcp_servers.docs]\ncommand = "docs"\n',
      { apiKey: 'k' },
    );
    assert.deepEqual([config['model'], config['model_reasoning_effort']], ['deep-model', 'high']);
    assert.deepEqual([config['profile'], config['profiles']], [undefined, undefined]);
    assert.equal(config.mcp_servers['docs']?.command, 'docs');
  });
});
