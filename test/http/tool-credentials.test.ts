import assert from 'node:assert/strict';
import { makeSshKey, secretLineOf } from '../support/ssh-git-server.js';
import { ACME_TOKEN, refused, succeeded, useManager } from './api.js';

const PATH = '/api/v1/tool-credentials';
const ONE = `${PATH}/github-ssh`;
const HOSTS = 'git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n';

describe('tool credentials over HTTP', () => {
  const manager = useManager();
  const put = (body: unknown) => manager.api.request('PUT', `${ONE}/credential`, body);
  afterEach(async () => succeeded(await manager.api.request('DELETE', ONE)));

  it('are known before they are set', async () => {
    const view = succeeded(await manager.api.get(ONE));
    assert.deepEqual(view, {
      name: 'github-ssh',
      kind: 'ssh-key',
      configured: false,
      type: null,
      bits: null,
      curve: null,
      fingerprint: null,
      comment: null,
      knownHostsCount: 0,
      knownHostsSource: null,
      reason: null,
      updatedAt: null,
      valuesPrinted: false,
    });
    assert.deepEqual(succeeded(await manager.api.get(PATH)), { items: [view] });
  });

  it('answer what the public half and the known hosts say, never the key', async () => {
    const key = makeSshKey('deploy@example.com');
    const set = await put({ privateKey: key.private, knownHosts: HOSTS.trim() });
    const view = succeeded(set);
    assert.match(view.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
    assert.ok(Math.abs(Date.parse(view.updatedAt) - Date.now()) < 60_000);
    const { fingerprint, updatedAt, ...rest } = view;
    assert.deepEqual(rest, {
      name: 'github-ssh',
      kind: 'ssh-key',
      configured: true,
      type: 'ed25519',
      bits: 256,
      curve: 'curve25519',
      comment: 'deploy@example.com',
      knownHostsCount: 1,
      knownHostsSource: 'given',
      reason: null,
      valuesPrinted: false,
    });
    const answers = [set, await manager.api.get(ONE), await manager.api.get(PATH)];
    assert.deepEqual(answers[1]?.data, { ...rest, fingerprint, updatedAt });
    for (const { body } of answers) assert.ok(!JSON.stringify(body).includes(secretLineOf(key)));
  });

  it('are replaced as a whole: without known hosts, those of github.com hold', async () => {
    const first = succeeded(await put({ privateKey: makeSshKey().private, knownHosts: HOSTS }));
    for (const more of [{}, { knownHosts: null }]) {
      const second = succeeded(await put({ privateKey: makeSshKey().private, ...more }));
      assert.notEqual(second.fingerprint, first.fingerprint);
      assert.deepEqual([second.knownHostsCount, second.knownHostsSource], [3, 'github.com']);
    }
  });

  it('are forgotten, also again', async () => {
    succeeded(await put({ privateKey: makeSshKey().private }));
    for (let times = 0; times < 2; times += 1) {
      assert.equal(succeeded(await manager.api.request('DELETE', ONE)).configured, false);
    }
    assert.equal(succeeded(await manager.api.get(ONE)).configured, false);
  });

  const key = makeSshKey();
  const REFUSED: [what: string, body: unknown, field: string, why: RegExp][] = [
    ['no body', undefined, 'privateKey', /is required/],
    ['no key', { knownHosts: HOSTS }, 'privateKey', /is required/],
    ['an empty key', { privateKey: '' }, 'privateKey', /must not have fewer than 1/],
    ['a number for a key', { privateKey: 7 }, 'privateKey', /must be string/],
    ['null for a key', { privateKey: null }, 'privateKey', /must be string/],
    ['a key of many kilobytes', { privateKey: key.private.repeat(100) }, 'privateKey', /must not have more than 32768/],
    ['text for a key', { privateKey: `x${secretLineOf(key)}` }, 'privateKey', /is not a private key/],
    ['a public key', { privateKey: key.public }, 'privateKey', /is a public key/],
    ['a key that is cut off', { privateKey: key.private.slice(0, 300) }, 'privateKey', /is cut off/],
    ['a field that is not known', { privateKey: key.private, known_hosts: HOSTS }, 'known_hosts', /not a known field/],
    ['known hosts that are none', { privateKey: key.private, knownHosts: '' }, 'knownHosts', /must name a host/],
    [
      'known hosts with a bad line',
      { privateKey: key.private, knownHosts: `${HOSTS}${secretLineOf(key)}\n` },
      'knownHosts',
      /^knownHosts line 2: /,
    ],
    ['a list of known hosts', { privateKey: key.private, knownHosts: [HOSTS] }, 'knownHosts', /must be string/],
  ];
  for (const [what, body, field, why] of REFUSED) {
    it(`are not replaced by ${what}`, async () => {
      const before = succeeded(await put({ privateKey: makeSshKey().private, knownHosts: HOSTS }));
      const answer = await put(body);
      assert.equal(refused(answer, 400, 'schema-invalid').field, field);
      assert.match(answer.body.message, why);
      assert.ok(!JSON.stringify(answer.body).includes(secretLineOf(key)));
      assert.deepEqual(succeeded(await manager.api.get(ONE)), before);
    });
  }

  it('of another name do not exist', async () => {
    for (const [method, path, body] of [
      ['GET', `${PATH}/gitlab-ssh`],
      ['GET', `${PATH}/GitHub-SSH`],
      ['DELETE', `${PATH}/gitlab-ssh`],
      ['PUT', `${PATH}/gitlab-ssh/credential`, { privateKey: key.private }],
    ] as const) {
      refused(await manager.api.request(method, path, body), 404, 'schema-invalid');
    }
  });

  it('are shown to every operator, changed by those of all tenants only, and kept from runners', async () => {
    const set = succeeded(await put({ privateKey: makeSshKey().private }));
    const acme = manager.api.as(ACME_TOKEN);
    assert.deepEqual(succeeded(await acme.get(ONE)), set);
    const { runner } = await manager.api.claim((await manager.api.createRun()).id);
    for (const [api, reads] of [
      [acme, true],
      [runner, false],
      [manager.api.as(undefined), false],
    ] as const) {
      const [status, kind] = api === acme || api === runner ? [403, 'forbidden'] : [401, 'auth-required'];
      const body = { privateKey: makeSshKey().private };
      refused(await api.request('PUT', `${ONE}/credential`, body), status, kind);
      refused(await api.request('DELETE', ONE), status, kind);
      if (!reads) for (const path of [PATH, ONE]) refused(await api.get(path), status, kind);
    }
    assert.deepEqual(succeeded(await manager.api.get(ONE)), set);
  });

  it("are named by a run's policy, which knows no other", async () => {
    const policy = (secretScope: unknown) =>
      manager.api.post('/api/v1/runs', {
        tenantId: 'acme',
        projectId: 'site',
        backendProfile: 'exec',
        executionPolicy: { secretScope },
      });
    const scope = { toolCredentials: ['github-ssh'], other: { more: 1 } };
    assert.deepEqual(succeeded(await policy(scope)).executionPolicy.secretScope, scope);
    for (const toolCredentials of [['gitlab-ssh'], 'github-ssh', ['github-ssh', 'github-ssh'], [7], null]) {
      const { field } = refused(await policy({ toolCredentials }), 400, 'schema-invalid');
      assert.match(field, /^executionPolicy\.secretScope\.toolCredentials(\[0\])?$/);
    }
  });
});
