// A gate that was never seen failing is no gate: every import rule is broken once, and must say so.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path/posix';
import { projectRoot } from '../../scripts/project-root.js';
import type { FixtureTree } from './fixture-tree.js';
import { writeFixtureTree } from './fixture-tree.js';
import type { ImportCase } from './import-cases.js';
import { ALLOWED, FORBIDDEN } from './import-cases.js';

interface Violation {
  from: string;
  rule: { name: string };
}

const settings = createRequire(import.meta.url)(join(projectRoot, '.dependency-cruiser.cjs')) as {
  forbidden: { name: string }[];
};

/** `import` in the source at `path`, of a file of the tree (by relative path) or of a package. */
function importText(path: string, { to, byType }: ImportCase): string {
  const specifier = to.endsWith('.ts') ? `./${relative(dirname(path), to)}`.replace(/\.ts$/, '.js') : to;
  return `import ${byType ? 'type ' : ''}* as it from '${specifier}';\nexport type It = typeof it;\n`;
}

function pathOf(name: string, { from }: ImportCase): string {
  return from.endsWith('.ts') ? from : join(from, `${name}.ts`);
}

/** One file for each case, named as its key says, and the files they import. */
function sourcesOf(cases: [string, ImportCase][]): Record<string, string> {
  const sources: Record<string, string> = {};
  for (const [name, one] of cases) sources[pathOf(name, one)] = importText(pathOf(name, one), one);
  for (const [, { to }] of cases) if (to.endsWith('.ts')) sources[to] ??= `export const target = '${to}';\n`;
  return sources;
}

/** Runs dependency-cruiser as `npm run lint:boundaries` does and returns what it reports. */
async function cruise(tree: FixtureTree): Promise<Violation[]> {
  const program = join(projectRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const sources = '{src,workflows,activities,temporal-dev,test,bench,scripts}/**/*.{ts,tsx}';
  const options = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', sources];
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [program, ...options], { cwd: tree.root, maxBuffer: 2 ** 26 }, (_error, stdout) => {
      resolve(stdout);
    });
  });
  return (JSON.parse(output) as { summary: { violations: Violation[] } }).summary.violations;
}

describe('import rules', () => {
  const special = ['no-cycles', 'no-orphans'];
  let tree: FixtureTree;
  let violations: Violation[];

  before(async () => {
    tree = await writeFixtureTree({
      ...sourcesOf(Object.entries(FORBIDDEN)),
      'src/domain/new-id.ts': "import { v7 } from 'uuid';\nexport const newId = () => v7();\n",
      'src/domain/egg.ts': "export * from './hen.js';\n",
      'src/domain/hen.ts': "export * from './egg.js';\n",
      'src/domain/alone.ts': 'export const alone = true;\n',
    });
    violations = await cruise(tree);
  });

  after(() => tree.remove());

  const reportedFor = (path: string) => violations.filter(({ from }) => from === path).map(({ rule }) => rule.name);

  it('are each broken by a case below', () => {
    const names = settings.forbidden.map(({ name }) => name).sort();
    assert.deepEqual(names, [...Object.keys(FORBIDDEN), ...special].sort());
  });

  for (const [rule, one] of Object.entries(FORBIDDEN)) {
    it(`report ${rule}: ${one.from} → ${one.to}`, () => {
      const reported = reportedFor(pathOf(rule, one));
      assert.ok(reported.includes(rule), `reported instead: ${reported.join(', ')}`);
    });
  }

  it('report a cycle', () => {
    assert.ok(reportedFor('src/domain/egg.ts').includes('no-cycles'));
  });

  it('report a file that nobody imports', () => {
    assert.ok(reportedFor('src/domain/alone.ts').includes('no-orphans'));
  });

  it('let uuid into new-id.ts', () => {
    assert.deepEqual(reportedFor('src/domain/new-id.ts'), []);
  });

  it('report nothing of what the design asks for', async () => {
    const allowed = await writeFixtureTree(sourcesOf(ALLOWED.map((one, index) => [`allowed-${index}`, one])));
    try {
      assert.deepEqual(await cruise(allowed), []);
    } finally {
      await allowed.remove();
    }
  });
});
