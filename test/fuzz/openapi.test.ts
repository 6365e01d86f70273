import { execa } from 'execa';
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { projectRoot } from '../../scripts/project-root.js';
import { schemathesis } from '../../scripts/schemathesis.js';
import type { Loose } from '../support/api.js';
import { QuickRunners } from '../support/quick-runners.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const CONFIG = join(projectRoot, 'test/fuzz/schemathesis.toml');
const SECONDS = Number(process.env['AGENTRUN_TEST_FUZZ_SECONDS'] ?? 45);
/** The same in each run, so that a change is to blame for what fails; others find more. */
const SEED = process.env['AGENTRUN_TEST_FUZZ_SEED'] ?? '1';
/** What an answer must be, whatever was asked. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
  'allow_header_conformance',
  'ignored_auth',
];

describe('the API, asked by its OpenAPI document', function () {
  this.timeout((SECONDS + 120) * 1_000);
  let manager: TestManager;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-fuzz-'));
    // Prompts are of chance, and would be shell commands: no agent gets them.
    const runners = new QuickRunners(async () => ({ terminalStatus: 'completed' }));
    manager = await startTestManager({ AGENTRUN_BAD_TOKENS_PER_SECOND: '0' }, { platform: runners.on });
  });
  after(async () => {
    await manager.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('answers nothing that the document does not say, and never that something went wrong', async () => {
    const program = schemathesis() ?? assert.fail('schemathesis is not there');
    const report = join(folder, 'report.xml');
    // One worker: Python 3.11 fails now and then where two threads compile source at once, as hypothesis does (malthe/chameleon#387).
    const limits = [
      '--max-time',
      String(SECONDS),
      '--request-timeout',
      '20',
      '--workers',
      '1',
      '--continue-on-failure',
    ];
    const { exitCode, all } = await execa(
      program,
      [
        ...['--config-file', CONFIG, 'run', `${manager.url}/openapi.json`, ...limits],
        ...['--header', `Authorization: Bearer ${manager.operatorToken}`, '--checks', CHECKS.join(',')],
        ...['--warnings', 'off', '--no-color', '--suppress-health-check', 'all', '--generation-database', 'none'],
        ...['--seed', SEED, '--report', 'junit', '--report-junit-path', report],
      ],
      { cwd: folder, all: true, reject: false },
    );
    assert.equal(exitCode, 0, all);
    const [wanted, asked] = [await operationsToAsk(manager.url), await operationsAsked(report)];
    const unasked = wanted.filter((operation) => !asked.includes(operation));
    assert.deepEqual(unasked, [], `not asked within ${SECONDS} s; AGENTRUN_TEST_FUZZ_SECONDS gives more time`);
  });
});

/** All that the document has, but what the configuration excludes, and itself: what schemathesis reads it from, it does not ask. */
async function operationsToAsk(url: string): Promise<string[]> {
  const { operations } = parse(await readFile(CONFIG, 'utf8')) as { operations: Loose[] };
  const excluded = operations.filter(({ enabled }) => enabled === false).map((one) => one['include-operation-id']);
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as Loose;
  const served = Object.entries<Record<string, Loose>>(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operationId,
    })),
  );
  const left = [...excluded, 'getOpenApi'];
  return served.filter(({ operationId }) => !left.includes(operationId)).map(({ name }) => name);
}

/** The report has one case for each operation that was asked. */
async function operationsAsked(report: string): Promise<string[]> {
  return [...(await readFile(report, 'utf8')).matchAll(/<testcase name="([^"]+)"/g)].map(([, name = '']) => name);
}
