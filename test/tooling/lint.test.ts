// A gate that was never seen failing is no gate: what the linter must refuse is written down here and linted.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { projectRoot } from '../../scripts/project-root.js';
import type { FixtureTree } from './fixture-tree.js';
import { writeFixtureTree } from './fixture-tree.js';

interface LintCase {
  title: string;
  path: string;
  rule: string;
  text: string;
}

const HEAD = `import { continueAsNew, makeContinueAsNewFunc } from '@temporalio/workflow';\n`;
const carry = (type: string, call = 'continueAsNew<typeof again>(state)') =>
  `${HEAD}interface State { turns: number; inner: { list: ${type}[] } }
export async function again(state: State): Promise<void> { await ${call}; }
export const next = makeContinueAsNewFunc<typeof again>();\n`;

const inWorkflow = (title: string, rule: string, text: string) => ({ title, path: 'workflows/run', rule, text });

const REFUSED: LintCase[] = [
  ...['node:crypto', 'fs', 'ajv', 'pg', 'koa', 'p-retry', '@temporalio/client'].map((name) =>
    inWorkflow(
      `${name} in a workflow`,
      '@typescript-eslint/no-restricted-imports',
      `import * as it from '${name}';\nexport const that = it;\n`,
    ),
  ),
  inWorkflow(
    'activities by value in a workflow',
    '@typescript-eslint/no-restricted-imports',
    `import { launch } from '../../activities/launch.js';\nexport const that = launch;\n`,
  ),
  ...['crypto', 'process', 'fetch', 'setInterval', 'performance', 'WeakRef', 'Buffer'].map((name) =>
    inWorkflow(`the global ${name} in a workflow`, 'no-restricted-globals', `export const that = ${name};\n`),
  ),
  ...['Map<string, number>', 'Set<string>', 'ReadonlyMap<string, number>', 'Date', 'bigint', 'RegExp'].map((type) =>
    inWorkflow(`${type} in state that continues as new`, 'workflow/plain-json-carry', carry(type)),
  ),
  inWorkflow('a function in state that continues as new', 'workflow/plain-json-carry', carry('(() => void)')),
  inWorkflow('a Set through makeContinueAsNewFunc', 'workflow/plain-json-carry', carry('Set<string>', 'next(state)')),
  inWorkflow(
    'a Set that is spread into continueAsNew',
    'workflow/plain-json-carry',
    carry('Set<string>', 'continueAsNew<typeof again>(...([state] as const))'),
  ),
  ...['process.env', "process['env']", 'globalThis.process.env'].map((read) => ({
    title: `${read} outside src/environment.ts`,
    path: 'src/http',
    rule: 'no-restricted-syntax',
    text: `export const that = ${read};\n`,
  })),
  {
    title: 'env destructured from process',
    path: 'activities',
    rule: 'no-restricted-syntax',
    text: `const { env } = process;\nexport const that = env;\n`,
  },
  {
    title: 'env imported from node:process',
    path: 'src/http',
    rule: 'no-restricted-imports',
    text: `import { env } from 'node:process';\nexport const that = env;\n`,
  },
  { title: 'fetch in the CLI', path: 'src/cli', rule: 'no-restricted-globals', text: `export const that = fetch;\n` },
  {
    title: 'a promise that nobody awaits',
    path: 'src/http',
    rule: '@typescript-eslint/no-floating-promises',
    text: `export function that(): void { Promise.resolve(1); }\n`,
  },
  {
    title: 'a switch that forgets a case',
    path: 'src/domain',
    rule: '@typescript-eslint/switch-exhaustiveness-check',
    text: `export function that(a: 'x' | 'y'): number { switch (a) { case 'x': return 1; default: return 2; } }\n`,
  },
  {
    title: 'a type imported as a value',
    path: 'src/domain',
    rule: '@typescript-eslint/consistent-type-imports',
    text: `import { Launch } from '../../activities/launch.js';\nexport type That = Launch;\n`,
  },
  {
    title: 'an inline type import, which stays as an empty import',
    path: 'src/domain',
    rule: '@typescript-eslint/no-import-type-side-effects',
    text: `import { type Launch } from '../../activities/launch.js';\nexport type That = Launch;\n`,
  },
  { title: 'a file of 401 lines', path: 'src/domain', rule: 'max-lines', text: `${'//\n'.repeat(400)}export {};\n` },
  {
    title: 'a function of 51 lines',
    path: 'activities',
    rule: 'max-lines-per-function',
    text: `export function that(): void {\n${'  void 0;\n'.repeat(49)}}\n`,
  },
];

const ACCEPTED: Record<string, string> = {
  'workflows/run/plain-state.ts': carry('{ at: string; seen: Record<string, boolean>; rest?: unknown }'),
  'workflows/run/by-type.ts': `import { proxyActivities } from '@temporalio/workflow';
import type * as activities from '../../activities/launch.js';
const { launch } = proxyActivities<typeof activities>({ startToCloseTimeout: '1 minute' });
export async function run(): Promise<Date> { await launch(); return new Date(); }\n`,
  'workflows/run/local-map.ts': 'export const count = (names: string[]): number => new Set(names).size;\n',
  'src/environment.ts': 'export const dataDir = process.env.AGENTRUN_DATA_DIR;\n',
  'activities/launch.ts':
    'export interface Launch { id: string }\nexport const launch = async (): Promise<void> => {};\n',
};

describe('lint rules', function () {
  let tree: FixtureTree;
  let reported: Map<string, string[]>;
  const pathOf = (index: number, path: string) => `${path}/refused-${index}.ts`;

  before(async () => {
    const refused = REFUSED.map(({ path, text }, index) => [pathOf(index, path), text] as const);
    tree = await writeFixtureTree({ ...ACCEPTED, ...Object.fromEntries(refused) });
    const eslint = new ESLint({ cwd: tree.root, overrideConfigFile: join(projectRoot, 'eslint.config.js') });
    const results = await eslint.lintFiles(['.']);
    reported = new Map(
      results.map(({ filePath, messages }) => [
        filePath.slice(tree.root.length + 1),
        messages.map(({ ruleId, message }) => ruleId ?? message),
      ]),
    );
  });

  after(() => tree.remove());

  for (const [index, { title, path, rule }] of REFUSED.entries()) {
    it(`refuse ${title}`, () => {
      const rules = reported.get(pathOf(index, path)) ?? [];
      assert.ok(rules.includes(rule), `reported instead: ${rules.join(', ')}`);
    });
  }

  for (const path of Object.keys(ACCEPTED)) {
    it(`accept ${path}`, () => {
      assert.deepEqual(reported.get(path), []);
    });
  }
});
