import { readdir, readFile } from 'node:fs/promises';
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

/** The chart's manifests. What is made anew each time is told by its place. */
export async function render(name: string, more: readonly string[] = []): Promise<string> {
  const place = ['--namespace', 'agents-control', '--kube-version', '1.34.2'];
  const text = await helm(['template', 'agentrun', CHART, ...place, '--values', valuesFile(name), ...more]);
  return `${text.trimEnd()}\n`.replace(/^( {2}(?:token-key|operator-token|password): )"[^"]{40,}"$/gm, '$1"<made>"');
}

export function manifests(text: string): Loose[] {
  return parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);
}

export async function golden(name: string): Promise<string> {
  return readFile(goldenFile(name), 'utf8');
}
