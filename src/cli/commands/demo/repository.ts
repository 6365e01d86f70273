import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CliError } from '../../cli-error.js';

const run = promisify(execFile);

const FILES = {
  'package.json': `{ "name": "cart", "private": true, "type": "module", "scripts": { "test": "node --test" } }\n`,
  'cart.js': `/** What a cart costs: each item's price times its quantity. */
export function total(items) {
  return items.reduce((sum, item) => sum + item.price, 0);
}
`,
  'cart.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from './cart.js';

test('an empty cart costs nothing', () => assert.equal(total([]), 0));
test('prices add up', () => assert.equal(total([{ price: 3, quantity: 1 }, { price: 4, quantity: 1 }]), 7));
test('a quantity counts', () => assert.equal(total([{ price: 5, quantity: 3 }]), 15));
`,
};

/** What the run is asked to do: a shell script, since that is what the exec backend takes for a prompt. */
export const PROMPT = `set -eu
echo '--- the tests, as they come from the repository'
node --test --test-reporter=tap cart.test.js | grep -E '^(not )?ok'
echo '--- the repair'
sed 's/sum + item.price/& * item.quantity/' cart.js > repaired.js
mv repaired.js cart.js
git diff --stat
echo '--- the tests again'
node --test --test-reporter=spec cart.test.js`;

type Environment = Readonly<Record<string, string | undefined>>;

/** A small Node project with one failing test, as a git repository. */
export async function makeRepository(folder: string, environment: Environment): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
  const here = (...args: string[]) => git(folder, environment, args);
  await here('init', '--quiet');
  await here('add', '.');
  const author = ['-c', 'user.name=AgentRun demo', '-c', 'user.email=demo@localhost'];
  await here(...author, 'commit', '--quiet', '-m', 'A cart that forgets quantities');
}

/**
 * What the run changed in its clone of the repository, committed or not. Looked at from the repository's side: what the agent wrote into
 * its clone's own settings (filters, diff drivers, hooks) would be run in this process's name.
 */
export function diffOf(repository: string, workspace: string, environment: Environment): Promise<string> {
  const sides = [`--git-dir=${join(repository, '.git')}`, `--work-tree=${workspace}`, '-c', 'core.fsmonitor=false'];
  return git(workspace, environment, [...sides, 'diff', '--no-ext-diff', '--no-textconv', '--no-color']);
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Runs the tests of a workspace in this process's name, so that the agent's word need not be taken for it; without this
 * process's environment, since the agent may have changed them and a provider's key may stand there.
 */
export async function runTests(workspace: string, nodePath: string): Promise<TestCounts> {
  const options = { cwd: workspace, encoding: 'utf8', env: {} } as const;
  const { stdout } = await run(nodePath, ['--test', '--test-reporter=tap', 'cart.test.js'], options).catch(
    (error: unknown) => error as { stdout: string },
  );
  const countOf = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(stdout)?.[1] ?? 0);
  return { passed: countOf('pass'), failed: countOf('fail') };
}

/** No settings but the repository's own decide what git does here, and it writes nothing that it need not. */
const ALONE = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
};

async function git(cwd: string, environment: Environment, args: readonly string[]): Promise<string> {
  try {
    return (await run('git', args, { cwd, encoding: 'utf8', env: { ...environment, ...ALONE } })).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new CliError('the demo needs git on PATH');
    throw error;
  }
}
