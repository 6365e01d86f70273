import assert from 'node:assert/strict';
import { SignJWT } from 'jose';
import { describe, it } from 'mocha';
import { oidcTokens, type OidcTokens } from '../../../src/auth/oidc-tokens.js';
import { readOidc, type OidcTrust } from '../../../src/config/oidc-settings.js';
import { ConfigurationError, readSettings } from '../../../src/config.js';
import { eventually } from '../../support/api.js';
import { IdentityProvider } from '../../support/identity-provider.js';

const ACME = { agentrun_tenants: ['acme'] };
const now = () => Math.floor(Date.now() / 1_000);
const is503 = (error: Error & { refusal?: string; details?: { part?: string } }) =>
  error.refusal === 'unavailable' && error.details?.part === 'identity';

describe('tokens of an identity provider', () => {
  let provider: IdentityProvider;
  beforeEach(async () => {
    provider = await IdentityProvider.start();
  });
  afterEach(async () => provider.stop());

  const trust = (more: Record<string, string> = {}): OidcTrust => {
    const settings = { AGENTRUN_OIDC_ISSUER: provider.issuer, AGENTRUN_OIDC_AUDIENCE: 'agentrun', ...more };
    return readOidc(readSettings(settings)) ?? assert.fail('no issuer is trusted');
  };
  const tokens = (more: Record<string, string> = {}, times = {}): OidcTokens => oidcTokens(trust(more), times);

  it('are operators of the tenants that they name, found by discovery or at an address that is given', async () => {
    const exp = now() + 300;
    // Until then, and as long as clocks may differ.
    const expiresAtMs = (exp + trust().clockToleranceSeconds) * 1_000;
    const expected = { kind: 'operator', name: 'oidc:ann', tenants: ['acme'], expiresAtMs };
    assert.deepEqual(await tokens().verify(await provider.token({ ...ACME, exp })), expected);
    assert.deepEqual(provider.asked, ['/.well-known/openid-configuration', '/keys']);
    const given = tokens({ AGENTRUN_OIDC_JWKS_URL: provider.jwksUrl });
    assert.deepEqual(await given.verify(await provider.token({ ...ACME, exp })), expected);
    assert.deepEqual(provider.asked.slice(2), ['/keys']);
  });

  it('name tenants by a list, by words, or deep within other claims; what is no name of a tenant is left out', async () => {
    const tenants = async (claims: object, more: Record<string, string> = {}) =>
      (await tokens(more).verify(await provider.token({ ...claims })))?.tenants;
    assert.deepEqual(await tenants({ agentrun_tenants: 'acme beta,gamma' }), ['acme', 'beta', 'gamma']);
    assert.deepEqual(await tenants({ agentrun_tenants: ['acme', '../x', 7, 'a b', 'acme'] }), ['acme']);
    const deep = { AGENTRUN_OIDC_TENANTS_CLAIM: 'resource_access.agentrun.roles' };
    assert.deepEqual(await tenants({ resource_access: { agentrun: { roles: ['acme'] } } }, deep), ['acme']);
    const dotted = { AGENTRUN_OIDC_TENANTS_CLAIM: 'https://example.com/tenants' };
    assert.deepEqual(await tenants({ 'https://example.com/tenants': ['acme'] }, dotted), ['acme']);
  });

  it('make an operator of all tenants by the claim and value that the installation names, and by nothing else', async () => {
    const admins = { AGENTRUN_OIDC_ALL_TENANTS_CLAIM: 'groups', AGENTRUN_OIDC_ALL_TENANTS_VALUE: 'agentrun-admins' };
    const asAdmin = await provider.token({ groups: ['staff', 'agentrun-admins'] });
    assert.equal((await tokens(admins).verify(asAdmin))?.tenants, 'all');
    assert.deepEqual((await tokens(admins).verify(await provider.token({ ...ACME, groups: 'staff' })))?.tenants, [
      'acme',
    ]);
    for (const claims of [{ groups: ['agentrun-admins'] }, { agentrun_tenants: 'all' }, { agentrun_tenants: ['*'] }]) {
      const verified = await tokens()
        .verify(await provider.token({ ...claims }))
        .catch(() => undefined);
      assert.notEqual(verified?.tenants, 'all');
    }
  });

  it('call their bearers by a claim, and never as an operator of the settings is called', async () => {
    const name = async (claims: object) =>
      (await tokens({ AGENTRUN_OIDC_NAME_CLAIM: 'email' }).verify(await provider.token({ ...ACME, ...claims })))?.name;
    assert.equal(await name({ email: 'ann@example.com' }), 'oidc:ann@example.com');
    assert.equal(await name({}), 'oidc:ann');
    assert.equal(await name({ email: 'a\nb\u0000<x>' }), 'oidc:a_b__x_');
  });

  it('are refused as forbidden where they name no tenant', async () => {
    for (const claims of [{}, { agentrun_tenants: [] }, { agentrun_tenants: { acme: true } }]) {
      const verified = tokens().verify(await provider.token({ ...claims }));
      await assert.rejects(verified, { failureKind: 'forbidden' });
    }
  });

  it('are nobody when they are over, not yet good, of or for another, without a subject or an end', async () => {
    const wrong = {
      over: { exp: now() - 31 },
      'not yet': { nbf: now() + 40 },
      'for another': { aud: 'another' },
      'of another': { iss: 'https://another.example.com' },
      'without a subject': { sub: undefined },
      'without an end': { exp: undefined },
    };
    for (const [what, claims] of Object.entries(wrong)) {
      assert.equal(await tokens().verify(await provider.token({ ...ACME, ...claims })), undefined, what);
    }
    assert.ok(await tokens().verify(await provider.token({ ...ACME, exp: now() - 20 })), 'clocks may differ');
    const strict = tokens({ AGENTRUN_OIDC_CLOCK_TOLERANCE_SECONDS: '0' });
    assert.equal(await strict.verify(await provider.token({ ...ACME, exp: now() - 20 })), undefined);
  });

  it('are nobody when altered, unsigned, signed with a key of their own, or with the public key as a secret', async () => {
    const good = await provider.token({ agentrun_tenants: ['beta'] });
    const [header, , signature] = good.split('.');
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: provider.issuer, aud: 'agentrun', sub: 'ann', exp: now() + 300, ...ACME };
    const stranger = await IdentityProvider.start();
    const { keys } = (await (await fetch(provider.jwksUrl)).json()) as { keys: { n: string; kid: string }[] };
    const hmac = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: keys[0]!.kid });
    const forged = [
      [header, part(claims), signature].join('.'),
      [part({ alg: 'none' }), part(claims), ''].join('.'),
      await stranger.token(claims, { kid: keys[0]!.kid }),
      await hmac.sign(Buffer.from(keys[0]!.n)),
      'a.b.c',
      '',
    ];
    await stranger.stop();
    const verifier = tokens();
    for (const token of forged) assert.equal(await verifier.verify(token), undefined, token);
    assert.ok(await verifier.verify(good));
  });

  it('are taken in the algorithms of the settings only', async () => {
    await provider.rotate({ alg: 'ES256' });
    const token = await provider.token(ACME);
    assert.ok(await tokens().verify(token));
    assert.equal(await tokens({ AGENTRUN_OIDC_ALGORITHMS: 'RS256,PS256' }).verify(token), undefined);
  });

  it('of a new key are taken at once, those of a key taken back no more once the keys were renewed', async () => {
    const verifier = tokens({}, { cooldownMs: 0, refreshMs: 0 });
    const old = await provider.token(ACME);
    assert.ok(await verifier.verify(old));
    await provider.rotate();
    assert.ok(await verifier.verify(await provider.token(ACME)));
    assert.ok(await verifier.verify(old));
    await provider.rotate({ keepOld: false });
    assert.ok(await verifier.verify(await provider.token(ACME)));
    await eventually(
      async () => verifier.verify(old),
      (verified) => verified === undefined,
    );
  });

  it('of a known key are taken while the issuer is down; of an unknown one they are answered by an honest 503', async () => {
    const verifier = tokens({}, { refreshMs: 0, cooldownMs: 0, pauseMs: 0 });
    const token = await provider.token(ACME);
    assert.ok(await verifier.verify(token));
    provider.answer('with 500');
    for (let times = 0; times < 5; times += 1) assert.ok(await verifier.verify(token));
    await provider.rotate();
    const unknown = await provider.token(ACME);
    await assert.rejects(verifier.verify(unknown), is503);
    provider.answer('rightly');
    assert.ok(await verifier.verify(unknown));
  });

  it('of keys that nobody could renew for a day are taken no more', async () => {
    const verifier = tokens({}, { refreshMs: 0, staleMs: 0, pauseMs: 0 });
    const token = await provider.token(ACME);
    assert.ok(await verifier.verify(token));
    provider.answer('with 500');
    await assert.rejects(verifier.verify(token), is503);
  });

  it('are answered by a 503 where the issuer hangs, is not there, or is another than its document says', async () => {
    const token = await provider.token(ACME);
    provider.answer('never');
    await assert.rejects(tokens({}, { timeoutMs: 100 }).verify(token), is503);
    provider.answer('rightly');
    const verifier = tokens({}, { pauseMs: 0 });
    provider.claims = { issuer: 'https://another.example.com' };
    await assert.rejects(verifier.verify(token), is503);
    provider.claims = { jwks_uri: 'ftp://keys.example.com' };
    await assert.rejects(verifier.verify(token), is503);
    provider.claims = {};
    assert.ok(await verifier.verify(token));
    const gone = tokens({}, { pauseMs: 0 });
    await provider.stop();
    await assert.rejects(gone.verify(token), is503);
  });

  it('ask the issuer no more often than that, however many are sent', async () => {
    const verifier = tokens();
    assert.ok(await verifier.verify(await provider.token(ACME)));
    const forged = await provider.token(ACME, { kid: 'unknown' });
    await Promise.all(Array.from({ length: 50 }, async () => verifier.verify(forged)));
    assert.equal(provider.keysAsked, 1);
    const down = tokens();
    provider.answer('with 500');
    const asked = provider.asked.length;
    for (let times = 0; times < 20; times += 1) await assert.rejects(down.verify(forged), is503);
    assert.equal(provider.asked.length, asked + 1);
    assert.equal(await down.verify('no.token.of-anybody'), undefined);
  });
});

describe('settings of an identity provider', () => {
  const SAFE = { AGENTRUN_OIDC_ISSUER: 'https://id.example.com', AGENTRUN_OIDC_AUDIENCE: 'agentrun' };

  it('are none by default', () => {
    assert.equal(readOidc(readSettings({})), undefined);
  });

  const REFUSED: [what: string, given: Record<string, string | undefined>, variable: string][] = [
    ['no audience', { AGENTRUN_OIDC_AUDIENCE: undefined }, 'AGENTRUN_OIDC_AUDIENCE'],
    ['plain HTTP', { AGENTRUN_OIDC_ISSUER: 'http://id.example.com' }, 'AGENTRUN_OIDC_ISSUER'],
    ['what is no URL', { AGENTRUN_OIDC_ISSUER: 'https://[' }, 'AGENTRUN_OIDC_ISSUER'],
    ['keys by plain HTTP', { AGENTRUN_OIDC_JWKS_URL: 'http://id.example.com/keys' }, 'AGENTRUN_OIDC_JWKS_URL'],
    ['a shared secret', { AGENTRUN_OIDC_ALGORITHMS: 'RS256,HS256' }, 'AGENTRUN_OIDC_ALGORITHMS'],
    ['no signature', { AGENTRUN_OIDC_ALGORITHMS: 'none' }, 'AGENTRUN_OIDC_ALGORITHMS'],
    ['a claim without its value', { AGENTRUN_OIDC_ALL_TENANTS_CLAIM: 'groups' }, 'AGENTRUN_OIDC_ALL_TENANTS_VALUE'],
    ['a value without its claim', { AGENTRUN_OIDC_ALL_TENANTS_VALUE: 'admins' }, 'AGENTRUN_OIDC_ALL_TENANTS_CLAIM'],
    [
      'clocks an hour apart',
      { AGENTRUN_OIDC_CLOCK_TOLERANCE_SECONDS: '3600' },
      'AGENTRUN_OIDC_CLOCK_TOLERANCE_SECONDS',
    ],
  ];
  for (const [what, given, variable] of REFUSED) {
    it(`are refused with ${what}, and the variable is named`, () => {
      assert.throws(
        () => readSettings({ ...SAFE, ...given }),
        (error: Error) => error instanceof ConfigurationError && error.message.startsWith(variable),
      );
    });
  }
});
