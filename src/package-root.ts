import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where package.json is: files that the compiler does not copy into dist/ (SQL, assets) are found from here. */
export const PACKAGE_ROOT = findPackageRoot(import.meta.dirname);

function findPackageRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
  return findPackageRoot(parent);
}
