// tsc leaves the output of deleted sources behind, and mocha or a worker would go on running it.
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from './project-root.js';

const COMPILED = /\.js(\.map)?$/;
const SOURCES = ['.ts', '.tsx'];

/** The folders which tsc compiles: what else stands in dist/ was made by other tools and is left alone. */
async function compiledFolders(): Promise<string[]> {
  const { include } = JSON.parse(await readFile(join(projectRoot, 'tsconfig.json'), 'utf8')) as { include: string[] };
  return include.filter((folder) => existsSync(join(projectRoot, 'dist', folder)));
}

/** Is this a compiled file (path under dist/) whose source is gone? */
function isStale(path: string): boolean {
  const source = join(projectRoot, path.replace(COMPILED, ''));
  return COMPILED.test(path) && !SOURCES.some((ending) => existsSync(source + ending));
}

for (const folder of await compiledFolders()) {
  const names = await readdir(join(projectRoot, 'dist', folder), { recursive: true });
  const stale = names.map((name) => join(folder, name)).filter(isStale);
  await Promise.all(stale.map((path) => rm(join(projectRoot, 'dist', path))));
}
