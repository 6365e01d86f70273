import assert from 'node:assert/strict';
import { readSettings } from '../../src/config.js';
import { METRICS } from '../../src/telemetry/metric-names.js';
import type { Loose } from '../support/api.js';
import { helm, HELM_FETCH_TIMEOUT_MS, helmProgram } from './helm.js';
import { CHART, golden, manifests, notes, render, valuesFile, valueSets } from './rendered.js';

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
    assert.equal(new Set([...first, ...second]).size, 4);
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

  it("hands runners' resources over as texts, those of devices too", async () => {
    const [first] = manifests(await render('everything')).filter(({ kind }) => kind === 'Deployment');
    const env = first.spec.template.spec.containers[0].env as { name: string; value?: string }[];
    const given = env.find(({ name }) => name === 'AGENTRUN_RUNNER_RESOURCES_JSON')?.value ?? '';
    assert.deepEqual(JSON.parse(given), {
      requests: { cpu: '0.5', memory: '1Gi' },
      limits: { cpu: '2', memory: '4294967296', 'ephemeral-storage': '10Gi', 'nvidia.com/gpu': '1' },
    });
  });

  it('sets no setting that `settings` would set again', async () => {
    const deployments = manifests(await render('everything')).filter(({ kind }) => kind === 'Deployment');
    const env = deployments.flatMap(({ spec }) => spec.template.spec.containers[0].env as { name: string }[]);
    const own = env.map(({ name }) => name).filter((name) => name.startsWith('AGENTRUN_') && !GIVEN.has(name));
    const set = own.flatMap((name) => ['--set', `settings.${name}=1`]);
    const words = await refusal('--values', valuesFile('minimal'), ...set);
    assert.deepEqual(
      own.filter((name) => !RegExp(`\\b${name}\\b`).test(words)),
      [],
    );
  });

  it('opens the port of the Temporal that it is told of', async () => {
    const ports = async (...set: string[]) => {
      const policies = manifests(await render('minimal', set)).filter(({ kind }) => kind === 'NetworkPolicy');
      return policies.map(({ spec }) => JSON.stringify(spec.egress).includes('7999'));
    };
    assert.deepEqual(await ports(), [false, false, false]);
    assert.deepEqual(await ports('--set', 'temporal.address=temporal.example.com:7999'), [true, true, false]);
    assert.deepEqual(await ports('--set', 'networkPolicies.temporal.port=7999'), [true, true, false]);
  });

  it('excepts private ranges from the public addresses of their own family', async () => {
    const blocks = async (...ranges: string[]) => {
      const set = ['--set', `networkPolicies.runners.privateRanges={${ranges.join(',')}}`];
      const runners = manifests(await render('minimal', set)).find(
        ({ metadata }) => metadata.name === 'agentrun-runners',
      );
      return runners?.spec.egress.flatMap(({ to }: Loose) => to ?? []).flatMap(({ ipBlock }: Loose) => ipBlock ?? []);
    };
    assert.deepEqual(await blocks('10.0.0.0/8', '2001:db8:1::/48', '192.168.0.0/16', '3FFF:1::/32'), [
      { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '192.168.0.0/16'] },
      { cidr: '2000::/3', except: ['2001:db8:1::/48', '3FFF:1::/32'] },
    ]);
    assert.deepEqual(await blocks('10.0.0.0/8'), [{ cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] }, { cidr: '2000::/3' }]);
    assert.deepEqual(await blocks('2001:db8:1::/48'), [
      { cidr: '0.0.0.0/0', except: [] },
      { cidr: '2000::/3', except: ['2001:db8:1::/48'] },
    ]);
  });

  it('lets API, worker and the Temporal to try it listen on the address that it is told', async () => {
    const listens = async (...set: string[]) => {
      const found = manifests(await render('trial', set)).flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
      const env = found.flatMap((container: Loose) => container.env ?? []);
      const args = found.find(({ name }: Loose) => name === 'temporal').args as string[];
      const hosts = env.filter(({ name }: Loose) => name === 'AGENTRUN_HOST').map(({ value }: Loose) => value);
      return [...hosts, args[args.indexOf('--ip') + 1]];
    };
    assert.deepEqual(await listens(), ['0.0.0.0', '0.0.0.0', '0.0.0.0']);
    assert.deepEqual(await listens('--set', 'listenAddress=::'), ['::', '::', '::']);
  });

  it('tells of a Prometheus that nobody lets in, and of nothing else', async () => {
    const told = async (...set: string[]) => notes('minimal', set);
    const scraped = ['--set', 'monitoring.prometheus.enabled=true'];
    const from = (who: string) => ['--set', `networkPolicies.${who}[0].podSelector.matchLabels.app=prometheus`];
    assert.doesNotMatch(await told(), /Prometheus/);
    assert.match(await told(...scraped), /Prometheus/);
    assert.match(await told(...scraped, ...from('apiFrom')), /Prometheus/);
    assert.doesNotMatch(await told(...scraped, ...from('apiFrom'), ...from('workerFrom')), /Prometheus/);
    assert.doesNotMatch(await told(...scraped, '--set', 'networkPolicies.enabled=false'), /Prometheus/);
  });

  it('lets API and worker reach a collector where one is set, and runners only the one that is named', async () => {
    const ports = async (...set: string[]) => {
      const policies = manifests(await render('minimal', set)).filter(({ kind }) => kind === 'NetworkPolicy');
      const reach = policies.map(({ metadata, spec }) => [metadata.name, JSON.stringify(spec.egress).includes('4318')]);
      return Object.fromEntries(reach) as Record<string, boolean>;
    };
    const [api, worker, runners] = ['agentrun-api', 'agentrun-worker', 'agentrun-runners'];
    const none = { [api]: false, [worker]: false, [runners]: false };
    assert.deepEqual(await ports(), none);
    const endpoint = ['--set', 'settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318'];
    assert.deepEqual(await ports(...endpoint), { ...none, [api]: true, [worker]: true });
    const named = ['--set', 'networkPolicies.telemetry.to[0].podSelector.matchLabels.app=collector'];
    assert.deepEqual(await ports(...endpoint, ...named), { [api]: true, [worker]: true, [runners]: true });
    assert.deepEqual(await ports(...named), none);
  });

  it('shows Temporal what it asks for out of Secrets, in files that API and worker read', async () => {
    const [first] = manifests(await render('everything')).filter(({ kind }) => kind === 'Deployment');
    const { containers, volumes } = first.spec.template.spec;
    const mount = containers[0].volumeMounts.find(({ name }: { name: string }) => name === 'temporal');
    const { projected } = volumes.find(({ name }: { name: string }) => name === 'temporal');
    const files = projected.sources.flatMap(({ secret }: Loose) => secret.items.map(({ path }: Loose) => path));
    assert.deepEqual(files, ['ca.crt', 'tls.crt', 'tls.key', 'api-key']);
    const named = containers[0].env.filter(({ name }: Loose) => /^AGENTRUN_TEMPORAL_.*_FILE$/.test(name));
    assert.deepEqual(
      named.map(({ value }: Loose) => value),
      files.map((file: string) => `${mount.mountPath}/${file}`),
    );
  });

  it('alerts by figures that there are', async () => {
    const [alerts] = manifests(await render('everything')).filter(({ kind }) => kind === 'PrometheusRule');
    const expressions = alerts.spec.groups.flatMap(({ rules }: Loose) =>
      rules.map(({ expr }: Loose) => expr as string),
    );
    const named = expressions.flatMap((expr: string) => expr.match(/\bagentrun_\w+/g) ?? []);
    assert.equal(expressions.length, 7);
    const words = alerts.spec.groups.flatMap(({ rules }: Loose) =>
      rules.flatMap(({ annotations }: Loose) => Object.entries(annotations)),
    );
    // A comma in words without quotes makes a further key of what follows.
    assert.deepEqual(
      words.filter(([key, value]: [string, unknown]) => !/^[a-z]+$/.test(key) || typeof value !== 'string'),
      [],
    );
    const unknown = named.filter((name: string) => !(name.replace(/_(bucket|count|sum)$/, '') in METRICS));
    assert.deepEqual(unknown, []);
    assert.deepEqual(
      expressions.filter((expr: string) => /\{ |%!/.test(expr)),
      [],
    );
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
    const prefixed = `settings.AGENTRUN_RUNNER_JOB_NAME_PREFIX=${'a'.repeat(26)}`;
    assert.match(await refusal(...minimal, '--set', prefixed), /AGENTRUN_RUNNER_JOB_NAME_PREFIX/);
    assert.match(await refusal(...minimal, '--set', 'temporal.address=nowhere'), /temporal\/address|temporal\.address/);
    assert.match(
      await refusal(...minimal, '--set', 'runners.warm.pools[0].backend=codex'),
      /missing property 'size'|size is required/,
    );
    assert.match(await refusal(...minimal, '--set', 'runners.storage.accessMode=Any'), /accessMode/);
    assert.match(await refusal(...minimal, '--set', 'runners.defaultSandbox=none'), /defaultSandbox/);
    assert.match(await refusal(...minimal, '--set', 'temporal.tls.cert=x'), /'cert' not allowed/);
    assert.match(await refusal(...minimal, '--set', 'listenAddress=localhost'), /listenAddress/);
    // Kubernetes takes an exception only where it is a part of what it is excepted from.
    for (const range of ['fd00::/8', '2000::/3', '2001:db8::', '2001:db8::/129', '64:ff9b::/96', '10.0.0.0']) {
      const set = ['--set', `networkPolicies.runners.privateRanges={${range}}`];
      assert.match(await refusal(...minimal, ...set), /privateRanges/, range);
    }
    assert.match(await refusal(...minimal, '--set', 'runners.resources.limits.gpu=1'), /'gpu' not allowed/);
    assert.match(await refusal(...minimal, '--set', 'runners.resources.limits.memory=much'), /memory/);
    assert.match(
      await refusal(...minimal, '--set', 'monitoring.prometheus.rules.enabled=true'),
      /monitoring\.prometheus\.enabled is not set/,
    );
  });
});

/** What stands in Secrets. */
const SECRETS: Readonly<Record<string, string>> = {
  AGENTRUN_DATABASE_URL: 'postgres://a:b@c/d',
  AGENTRUN_TOKEN_KEY: 'k'.repeat(48),
  AGENTRUN_OPERATOR_TOKEN: 'k'.repeat(48),
};
/** What `values/everything.yaml` sets by `settings`. */
const GIVEN = new Set([
  'AGENTRUN_LOG_LEVEL',
  'AGENTRUN_START_DEADLINE_MS',
  'AGENTRUN_OIDC_ISSUER',
  'AGENTRUN_OIDC_AUDIENCE',
]);
const OPTIONAL = new Set(['AGENTRUN_OPERATORS_JSON', 'AGENTRUN_PAYLOAD_KEYS']);
