import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { projectRoot } from '../../scripts/project-root.js';
import type { Loose } from '../support/api.js';
import { helm } from './helm.js';

export const CHART = join(projectRoot, 'helm/agentrun');
const VALUES = join(projectRoot, 'test/chart/values');
const GOLDEN = join(projectRoot, 'test/chart/golden');

/** Names of the sets of values in `values/`. */
export async function valueSets(): Promise<string[]> {
  return (await readdir(VALUES)).map((name) => name.replace(/\.yaml$/, '')).sort();
}

export function valuesFile(name: string): string {
  return join(VALUES, `${name}.yaml`);
}

/** Where that set's manifests are kept as they should be. */
export function goldenFile(name: string): string {
  return join(GOLDEN, `${name}.yaml`);
}

const PLACE = ['--namespace', 'agents-control', '--kube-version', '1.34.2'];

/** The chart's manifests, as helm hands them to a cluster. */
export async function template(name: string, more: readonly string[] = []): Promise<string> {
  return helm(['template', 'agentrun', CHART, ...PLACE, '--values', valuesFile(name), ...more]);
}

/** The same, with what is made anew each time told by its place. */
export async function render(name: string, more: readonly string[] = []): Promise<string> {
  const text = await template(name, more);
  return `${text.trimEnd()}\n`.replace(/^( {2}(?:token-key|operator-token|password): )"[^"]{40,}"$/gm, '$1"<made>"');
}

/** What is told after an install: as a manifest of a copy of the chart, for helm 3 shows it only where it reaches a cluster. */
export async function notes(name: string, more: readonly string[] = []): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'agentrun-chart-'));
  try {
    await cp(CHART, copy, { recursive: true });
    const words = await readFile(join(CHART, 'templates/NOTES.txt'), 'utf8');
    await writeFile(join(copy, 'templates/notes.yaml'), `words: |-\n${words.replaceAll(/^/gm, '  ')}\n`);
    const shown = ['--show-only', 'templates/notes.yaml', '--values', valuesFile(name), ...more];
    return (manifests(await helm(['template', 'agentrun', copy, ...PLACE, ...shown]))[0] as { words: string }).words;
  } finally {
    await rm(copy, { recursive: true });
  }
}

export function manifests(text: string): Loose[] {
  return parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);
}

export async function golden(name: string): Promise<string> {
  return readFile(goldenFile(name), 'utf8');
}
