import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ConfigurationError, readSettings, Settings } from '../../../src/config.js';
import { readRunnerImages } from '../../../src/config/runner-images.js';
import { readRunnerPods } from '../../../src/config/runner-pods.js';
import { jobNamePrefix, readRunnerRetention } from '../../../src/config/runner-retention.js';
import { readTraceUiUrl } from '../../../src/config/telemetry-settings.js';
import { speaksTls } from '../../../src/config/temporal-settings.js';
import { readWarmRunners } from '../../../src/config/warm-runners.js';
import { runnerJobId, runnerJobName, warmRunnerJobName } from '../../../src/domain/ids.js';
import { newId } from '../../../src/domain/new-id.js';
import { roomFor } from '../../../src/domain/runner-retention.js';

const RETENTION = {
  AGENTRUN_RUNNER_RETENTION_MAX_RUNNERS: '5',
  AGENTRUN_RUNNER_RETENTION_ACTIVE_HEARTBEAT_MAX_AGE_MS: '900000',
  AGENTRUN_RUNNER_RETENTION_MATCH_LABELS_JSON: '{"lane":"v0.1"}',
  AGENTRUN_RUNNER_RETENTION_JOB_NAME_PREFIXES: '',
};

/** One message, which names the variable. */
function refused(environment: Record<string, string | undefined>, variable: string): void {
  assert.throws(
    () => readSettings(environment),
    (error: Error) => {
      assert.ok(error instanceof ConfigurationError);
      assert.ok(error.message.startsWith(variable), error.message);
      assert.ok(!error.message.includes('\n'), error.message);
      return true;
    },
  );
}

describe('the schema of the settings', () => {
  it("is one by JSON Schema's own, which no start checks", () => {
    const ajv = new Ajv2020();
    assert.ok(ajv.validateSchema(Settings), ajv.errorsText());
  });
});

describe('settings of runners in a cluster', () => {
  it("have the contract's defaults", () => {
    const settings = readSettings({});
    assert.equal(settings.AGENTRUN_PLATFORM, 'local');
    assert.equal(settings.AGENTRUN_RUNTIME_NAMESPACE, 'agentrun-v01');
    assert.equal(settings.AGENTRUN_RUNNER_SERVICE_ACCOUNT, 'agentrun-v01-runner');
    assert.equal(settings.AGENTRUN_LANE, 'v0.1');
    assert.equal(settings.AGENTRUN_SOURCE_COMMIT, 'unknown');
    assert.equal(settings.AGENTRUN_RUNNER_IDLE_TIMEOUT_MS, 600_000);
    assert.equal(readRunnerRetention(settings), undefined);
  });

  it('keep no runner warm unless told, and take no pool that is none', () => {
    const variable = 'AGENTRUN_WARM_RUNNERS_JSON';
    const given = (json: string, platform = 'kubernetes') => ({ AGENTRUN_PLATFORM: platform, [variable]: json });
    assert.deepEqual(readWarmRunners(readSettings({})), { pools: [], maxAgeMs: 3_600_000 });
    const read = readWarmRunners(readSettings(given('[{"backend":"codex","size":2}]')));
    assert.deepEqual(read.pools, [{ backendProfile: 'codex', size: 2 }]);
    const wrong = [
      '{}',
      '[',
      '[{"backend":"codex"}]',
      '[{"backend":"codex","size":-1}]',
      '[{"backend":"a","size":101}]',
    ];
    for (const json of wrong) refused(given(json), variable);
    refused(given('[{"backend":"a","size":1},{"backend":"a","size":1}]'), variable);
    refused(given('[{"backend":"a","size":60},{"backend":"b","size":60}]'), variable);
    refused(given('[{"backend":"exec","size":1}]', 'local'), variable);
    refused({ AGENTRUN_WARM_RUNNER_MAX_AGE_SECONDS: '1' }, 'AGENTRUN_WARM_RUNNER_MAX_AGE_SECONDS');
  });

  it('are refused with one message that names the variable', () => {
    refused({ AGENTRUN_PLATFORM: 'docker' }, 'AGENTRUN_PLATFORM');
    refused({ AGENTRUN_RUNTIME_NAMESPACE: 'No Such' }, 'AGENTRUN_RUNTIME_NAMESPACE');
    refused({ AGENTRUN_STORAGE_SIZE: 'much' }, 'AGENTRUN_STORAGE_SIZE');
    refused({ AGENTRUN_RUNNER_RESOURCES_JSON: '{"limits":{"gpu":"1"}}' }, 'AGENTRUN_RUNNER_RESOURCES_JSON');
    refused({ AGENTRUN_RUNNER_RESOURCES_JSON: '{"limits":{"nvidia.com/gpu":1}}' }, 'AGENTRUN_RUNNER_RESOURCES_JSON');
    refused({ AGENTRUN_RUNNER_NODE_SELECTOR_JSON: '["a"]' }, 'AGENTRUN_RUNNER_NODE_SELECTOR_JSON');
    refused({ AGENTRUN_RUNNER_TOLERATIONS_JSON: '[{"effect":"Never"}]' }, 'AGENTRUN_RUNNER_TOLERATIONS_JSON');
    refused({ AGENTRUN_RUNNER_TOLERATIONS_JSON: 'no JSON' }, 'AGENTRUN_RUNNER_TOLERATIONS_JSON');
    refused({ AGENTRUN_RUNNER_IMAGES_ALLOWED: 'a/b:1, reg.example*' }, 'AGENTRUN_RUNNER_IMAGES_ALLOWED');
  });

  it('take what a Pod takes', () => {
    const tolerations = [{ key: 'agents', operator: 'Exists', effect: 'NoSchedule' }];
    const read = readRunnerPods(
      readSettings({
        AGENTRUN_RUNNER_TOLERATIONS_JSON: JSON.stringify(tolerations),
        AGENTRUN_RUNNER_RESOURCES_JSON: '{"limits":{"memory":"4Gi","nvidia.com/gpu":"1"}}',
        AGENTRUN_RUNNER_IMAGE_PULL_SECRETS: 'one, two',
      }),
    );
    assert.deepEqual(read.tolerations, tolerations);
    assert.deepEqual(read.resources, { limits: { memory: '4Gi', 'nvidia.com/gpu': '1' } });
    assert.deepEqual(read.imagePullSecrets, ['one', 'two']);
    const images = { AGENTRUN_RUNNER_IMAGE: 'own:1', AGENTRUN_RUNNER_IMAGES_ALLOWED: 'u/a:*, reg.example/*' };
    assert.deepEqual(readRunnerImages(readSettings(images)), ['own:1', 'u/a:*', 'reg.example/*']);
    assert.deepEqual(readRunnerImages(readSettings({})), []);
  });
});

describe('the repositories that runs may name', () => {
  it('are refused where an entry is none, with one message that names the variable', () => {
    refused(
      { AGENTRUN_REPOSITORIES_ALLOWED: 'https://git.example.com/a/*, https://*' },
      'AGENTRUN_REPOSITORIES_ALLOWED',
    );
  });
});

describe('where traces are seen', () => {
  it('is an address on the web that says where the id goes', () => {
    const template = 'https://grafana.example/explore?trace={traceId}&org=1';
    assert.equal(readTraceUiUrl(readSettings({ AGENTRUN_TRACE_UI_URL: template })), template);
    assert.equal(readTraceUiUrl(readSettings({})), undefined);
    for (const wrong of ['https://jaeger.example/trace/', 'https://jaeger.example/trace/{traceID}'])
      refused({ AGENTRUN_TRACE_UI_URL: wrong }, 'AGENTRUN_TRACE_UI_URL must have {traceId}');
    for (const wrong of ['/trace/{traceId}', 'javascript:alert("{traceId}")'])
      refused({ AGENTRUN_TRACE_UI_URL: wrong }, 'AGENTRUN_TRACE_UI_URL');
  });
});

describe('the prefix of Job names', () => {
  const ofAccount = (account: string) => readSettings({ AGENTRUN_RUNNER_SERVICE_ACCOUNT: account, ...RETENTION });
  const names = (prefix: string) => [
    ...[1, 10, 100].map((attempt) => runnerJobName(prefix, runnerJobId(newId('run'), attempt))),
    warmRunnerJobName(prefix, newId('wrm')),
  ];

  it('is the service account, cut to what fits before every name and ends as a word does', () => {
    const cut = {
      'agentrun-v01-runner': 'agentrun-v01-runner',
      'exactly-25-characters-abc': 'exactly-25-characters-abc',
      'acme-agentrun-production-runner': 'acme-agentrun-production',
      [`${'a'.repeat(22)}---b-runner`]: 'a'.repeat(22),
      ['a'.repeat(63)]: 'a'.repeat(25),
    };
    for (const [account, prefix] of Object.entries(cut)) {
      assert.equal(jobNamePrefix(ofAccount(account)), prefix);
      for (const name of names(prefix)) {
        assert.ok(name.startsWith(`${prefix}-`), name);
        assert.ok(name.length <= 63, name);
      }
    }
  });

  it('is the one that retention counts by, however long the service account', () => {
    const settings = ofAccount('acme-agentrun-production-runner');
    const jobs = names(jobNamePrefix(settings)).map((jobName) => ({ jobName, labels: { lane: 'v0.1' } }));
    assert.equal(roomFor(readRunnerRetention(settings), jobs), 1);
  });

  it('is taken as given, and refused where it would be cut', () => {
    const variable = 'AGENTRUN_RUNNER_JOB_NAME_PREFIX';
    const given = 'a'.repeat(25);
    assert.equal(jobNamePrefix(readSettings({ [variable]: given })), given);
    refused({ [variable]: `${given}a` }, `${variable} must NOT have more than 25 characters`);
    refused({ [variable]: 'mine-' }, variable);
  });
});

describe('settings of the retention', () => {
  it('are taken whole, and an empty list of prefixes is the job name prefix', () => {
    assert.deepEqual(readRunnerRetention(readSettings(RETENTION)), {
      maxRunners: 5,
      activeHeartbeatMaxAgeMs: 900_000,
      matchLabels: { lane: 'v0.1' },
      jobNamePrefixes: ['agentrun-v01-runner'],
      cleanupOrder: 'oldest-inactive-last-active-first',
      maxAgeMs: null,
    });
    const named = { ...RETENTION, AGENTRUN_RUNNER_RETENTION_JOB_NAME_PREFIXES: 'a, b' };
    assert.deepEqual(readRunnerRetention(readSettings(named))?.jobNamePrefixes, ['a', 'b']);
    const prefixed = { ...RETENTION, AGENTRUN_RUNNER_JOB_NAME_PREFIX: 'mine' };
    assert.deepEqual(readRunnerRetention(readSettings(prefixed))?.jobNamePrefixes, ['mine']);
  });

  it('are needed together', () => {
    for (const name of Object.keys(RETENTION).slice(1)) refused({ ...RETENTION, [name]: undefined }, name);
  });

  it('are refused where they are wrong', () => {
    const wrong: Record<string, string> = {
      AGENTRUN_RUNNER_RETENTION_MAX_RUNNERS: 'many',
      AGENTRUN_RUNNER_RETENTION_ACTIVE_HEARTBEAT_MAX_AGE_MS: '-1',
      AGENTRUN_RUNNER_RETENTION_MATCH_LABELS_JSON: '{"lane":""}',
      AGENTRUN_RUNNER_RETENTION_CLEANUP_ORDER: 'newest-first',
      AGENTRUN_RUNNER_RETENTION_AGE_BASED_CLEANUP_ENABLED: 'yes',
      AGENTRUN_RUNNER_RETENTION_AGE_BASED_MAX_AGE_HOURS: '0',
    };
    for (const [name, value] of Object.entries(wrong)) refused({ ...RETENTION, [name]: value }, name);
  });

  it('go by age where that is asked for', () => {
    const byAge = { ...RETENTION, AGENTRUN_RUNNER_RETENTION_AGE_BASED_CLEANUP_ENABLED: 'true' };
    refused(byAge, 'AGENTRUN_RUNNER_RETENTION_AGE_BASED_MAX_AGE_HOURS');
    const hours = { ...byAge, AGENTRUN_RUNNER_RETENTION_AGE_BASED_MAX_AGE_HOURS: '1.5' };
    assert.equal(readRunnerRetention(readSettings(hours))?.maxAgeMs, 5_400_000);
  });

  it('mean nothing without a cap', () => {
    assert.equal(readRunnerRetention(readSettings({ AGENTRUN_RUNNER_RETENTION_JOB_NAME_PREFIXES: 'a' })), undefined);
  });
});

describe('settings of a Temporal of yours', () => {
  const address = { AGENTRUN_TEMPORAL_ADDRESS: 'temporal.example.com:7233' };
  const certificate = { AGENTRUN_TEMPORAL_TLS_CERT_FILE: '/etc/temporal/tls.crt' };

  it('speak TLS where that is said, or anything of it', () => {
    const given = (more: Record<string, string>) => speaksTls(readSettings({ ...address, ...more }));
    assert.equal(given({}), false);
    assert.equal(given({ AGENTRUN_TEMPORAL_TLS: 'false' }), false);
    assert.equal(given({ AGENTRUN_TEMPORAL_TLS: 'true' }), true);
    assert.equal(given({ AGENTRUN_TEMPORAL_TLS_CA_FILE: '/etc/temporal/ca.crt' }), true);
    assert.equal(given({ AGENTRUN_TEMPORAL_API_KEY_FILE: '/etc/temporal/api-key' }), true);
  });

  it('are refused where one says nothing without another, or against it', () => {
    refused({ ...address, AGENTRUN_TEMPORAL_TLS: 'yes' }, 'AGENTRUN_TEMPORAL_TLS ');
    refused({ ...address, ...certificate }, 'AGENTRUN_TEMPORAL_TLS_KEY_FILE is not set');
    refused({ ...address, AGENTRUN_TEMPORAL_TLS_KEY_FILE: '/k' }, 'AGENTRUN_TEMPORAL_TLS_CERT_FILE is not set');
    refused({ ...address, AGENTRUN_TEMPORAL_TLS_CA_FILE: 'ca.crt' }, 'AGENTRUN_TEMPORAL_TLS_CA_FILE');
    refused({ ...address, AGENTRUN_TEMPORAL_TLS_SERVER_NAME: 'a:1' }, 'AGENTRUN_TEMPORAL_TLS_SERVER_NAME');
    const inTheClear = { AGENTRUN_TEMPORAL_TLS: 'false', AGENTRUN_TEMPORAL_API_KEY_FILE: '/k' };
    refused({ ...address, ...inTheClear }, 'AGENTRUN_TEMPORAL_API_KEY_FILE needs TLS');
    refused({ AGENTRUN_TEMPORAL_TLS: 'true' }, 'AGENTRUN_TEMPORAL_ADDRESS is not set');
  });
});
