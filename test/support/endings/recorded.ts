import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../scripts/project-root.js';
import type { RecordedEnding } from './ending.js';

export const recordedFolder = join(projectRoot, 'test/run-result/recorded');

/** Every recording by its name. */
export function readRecorded(): Map<string, RecordedEnding> {
  const names = readdirSync(recordedFolder).map((file) => file.replace(/\.json$/, ''));
  return new Map(names.sort().map((name) => [name, read(name)]));
}

function read(name: string): RecordedEnding {
  return JSON.parse(readFileSync(join(recordedFolder, `${name}.json`), 'utf8')) as RecordedEnding;
}
