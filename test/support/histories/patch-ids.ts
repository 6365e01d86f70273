import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../../scripts/project-root.js';
import type { History } from './stage.js';

/** What the SDK calls the marker by which an execution keeps to a change that was there when it came to it. */
const MARKER = 'core_patch';

/** The changes that an execution knows it lives by. */
export function patchIdsIn({ events }: History): string[] {
  return (events ?? []).flatMap(({ markerRecordedEventAttributes: marker }) => {
    const data = marker?.markerName === MARKER ? marker.details?.['patch-data']?.payloads?.[0]?.data : undefined;
    if (data === undefined || data === null) return [];
    return [(JSON.parse(Buffer.from(data).toString()) as { id: string }).id];
  });
}

/** The changes that the sources of the workflows ask about. @throws where one asks by another word than a constant's of its file, or a text. */
export async function patchIdsAskedAbout(): Promise<string[]> {
  const folder = join(projectRoot, 'workflows');
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const sources = await Promise.all(files.map(async (file) => readFile(join(folder, file), 'utf8')));
  return [...new Set(sources.flatMap(patchIdsOf))];
}

function patchIdsOf(source: string): string[] {
  const constants = new Map([...source.matchAll(/^const (\w+) = '([^']+)'/gm)].map(([, name, id]) => [name, id]));
  return [...source.matchAll(/\b(?:patched|deprecatePatch)\(\s*([^)]*?)\s*\)/g)].map(([, asked = '']) => {
    const id = /^'([^']+)'$/.exec(asked)?.[1] ?? constants.get(asked);
    if (id === undefined) throw new Error(`which change is ${asked}? Name it by a text, or by a constant of its file.`);
    return id;
  });
}
