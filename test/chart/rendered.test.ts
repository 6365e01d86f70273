import assert from 'node:assert/strict';
import { readSettings } from '../../src/config.js';
import { helm, HELM_FETCH_TIMEOUT_MS, helmProgram } from './helm.js';
import { CHART, golden, manifests, render, valuesFile, valueSets } from './rendered.js';

describe('the chart', function () {
  this.timeout(60_000);
  before(async function () {
    this.timeout(HELM_FETCH_TIMEOUT_MS);
    await helmProgram();
  });

  const refusal = async (...set: string[]): Promise<string> => {
    const args = ['template', 'agentrun', CHART, '--kube-version', '1.34.2', ...set];
    return helm(args).then(
      () => '',
      (error: unknown) => (error as { stderr: string }).stderr,
    );
  };

  it('has nothing that helm would complain of', async () => {
    for (const name of await valueSets()) {
      await helm(['lint', '--strict', CHART, '--kube-version', '1.34.2', '--values', valuesFile(name)]);
    }
  });

  it('renders each set of values as it did; `npm run record:chart` writes what it does now', async () => {
    for (const name of await valueSets()) assert.equal(await render(name), await golden(name), name);
  });

  it('makes keys that are long enough, and others each time', async () => {
    const keys = async () => {
      const text = await helm(['template', 'a', CHART, '--kube-version', '1.34.2', '--values', valuesFile('minimal')]);
      const { data } = manifests(text).find(
        ({ kind, metadata }) => kind === 'Secret' && metadata.name === 'agentrun-keys',
      );
      return Object.values(data as Record<string, string>).map((value) => Buffer.from(value, 'base64').toString());
    };
    const [first, second] = [await keys(), await keys()];
    assert.ok(first.every((key) => /^[A-Za-z0-9]{48}$/.test(key)));
    assert.equal(new Set([...first, ...second]).size, 6);
  });

  it('gives API and worker settings that they take', async () => {
    for (const name of await valueSets()) {
      for (const { kind, metadata, spec } of manifests(await render(name))) {
        if (kind !== 'Deployment') continue;
        const env = spec.template.spec.containers[0].env as { name: string; value?: string }[];
        const settings = readSettings(
          Object.fromEntries(env.map(({ name: key, value }) => [key, value ?? SECRETS[key]])),
        );
        assert.equal(settings.AGENTRUN_PLATFORM, 'kubernetes');
        const unknown = env.filter(
          ({ name: key }) => key.startsWith('AGENTRUN_') && !(key in settings) && !OPTIONAL.has(key),
        );
        assert.deepEqual(unknown, [], `${name} ${metadata.name}`);
      }
    }
  });

  it('runs nothing as root, and nothing that could become it', async () => {
    for (const name of await valueSets()) {
      const found = manifests(await render(name)).flatMap(({ spec }) => spec?.template?.spec ?? []);
      assert.ok(found.length >= 3);
      for (const { securityContext, containers } of found) {
        assert.deepEqual([securityContext.runAsNonRoot, securityContext.seccompProfile.type], [true, 'RuntimeDefault']);
        for (const container of containers) {
          assert.equal(container.securityContext.allowPrivilegeEscalation, false);
          assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] });
        }
      }
    }
  });

  it('says what is missing, and refuses what it does not know', async () => {
    assert.match(await refusal(), /database\.existingSecret is not set/);
    assert.match(await refusal('--set', 'database.existingSecret=db'), /temporal\.address is not set/);
    const minimal = ['--values', valuesFile('minimal')];
    assert.match(await refusal(...minimal, '--set', 'api.replicass=3'), /'replicass' not allowed/);
    assert.match(await refusal(...minimal, '--set', 'settings.LOG=1'), /'LOG' does not match/);
    assert.match(
      await refusal(...minimal, '--set', 'runners.allowedImages={reg.example*}'),
      /'reg.example\*' does not match/,
    );
    assert.match(await refusal(...minimal, '--set', 'settings.AGENTRUN_LANE=x'), /propertyName 'AGENTRUN_LANE'/);
    assert.match(await refusal(...minimal, '--set', 'temporal.address=nowhere'), /temporal\/address|temporal\.address/);
    assert.match(
      await refusal(...minimal, '--set', 'runners.warm.pools[0].backend=codex'),
      /missing property 'size'|size is required/,
    );
    assert.match(await refusal(...minimal, '--set', 'runners.storage.accessMode=Any'), /accessMode/);
  });
});

/** What stands in Secrets. */
const SECRETS: Readonly<Record<string, string>> = {
  AGENTRUN_DATABASE_URL: 'postgres://a:b@c/d',
  AGENTRUN_TOKEN_KEY: 'k'.repeat(48),
  AGENTRUN_SECRETS_KEY: 'k'.repeat(48),
  AGENTRUN_OPERATOR_TOKEN: 'k'.repeat(48),
};
const OPTIONAL = new Set(['AGENTRUN_OPERATORS_JSON', 'AGENTRUN_PAYLOAD_KEYS']);
