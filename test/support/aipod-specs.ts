import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/project-root.js';
import type { AipodSpec } from '../../src/contract/aipod-spec.js';

/** A spec that differs from others of its name by its title. */
export function aipodSpec(name: string, title = 'a', spec: AipodSpec['spec'] = {}): AipodSpec {
  return { apiVersion: 'agentrun/v1', kind: 'AipodSpec', metadata: { name }, spec: { title, ...spec } };
}

/** The same as YAML, with a comment. */
export function aipodYaml(name: string, title = 'a', ...lines: readonly string[]): string {
  const spec = [`title: ${title} # why`, ...lines].map((line) => `  ${line}\n`).join('');
  return `apiVersion: agentrun/v1\nkind: AipodSpec\nmetadata:\n  name: ${name}\nspec:\n${spec}`;
}

export const EXAMPLE_FILE = join(projectRoot, 'examples/aipod-specs/reviewer.yaml');

export function exampleSpec(): Promise<string> {
  return readFile(EXAMPLE_FILE, 'utf8');
}
