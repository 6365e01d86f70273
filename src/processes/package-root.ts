import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Absolute path of the folder that this program stands in, with its package.json. Looked for upwards: a compiled module and the
 * bundle that it went into do not stand equally deep.
 */
export const packageRoot = rootAbove(dirname(fileURLToPath(import.meta.url)));

function rootAbove(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const above = dirname(folder);
  if (above === folder) throw new Error('AgentRun stands in no package: its files were moved apart');
  return rootAbove(above);
}
