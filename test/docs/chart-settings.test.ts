import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { projectRoot } from '../../scripts/project-root.js';

const read = (file: string) => readFileSync(join(projectRoot, file), 'utf8');

/** Told elsewhere: how the installation's own servers and keys are given. */
const ELSEWHERE = /^AGENTRUN_(DATABASE|TEMPORAL|TOKEN|PAYLOAD)_/;

/** What the chart gives API and worker in common, by name. */
function settingsOfChart(): string[] {
  const [, helper = ''] = read('helm/agentrun/templates/_helpers.tpl').split('{{- define "agentrun.env" -}}');
  const [common = ''] = helper.split('{{- define');
  const names = [...common.matchAll(/^- name: (AGENTRUN_\w+)$/gm)].map(([, name]) => name ?? '');
  return names.filter((name) => !ELSEWHERE.test(name));
}

/** The rows of the chapter's table: the setting, and the values of the chart that it is. */
function rows(): [setting: string, values: string[]][] {
  const [, chapter = ''] = read('docs/kubernetes.md').split('\n## Settings\n');
  const cells = [...(chapter.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)` +\|([^|]*)\|/gm)];
  return cells.map(([, setting = '', values = '']) => [
    setting,
    [...values.matchAll(/`([^`]+)`/g)].map(([, one]) => one ?? ''),
  ]);
}

describe('the settings of docs/kubernetes.md', () => {
  it('are those that the chart has values for', () => {
    const told = rows().map(([setting]) => setting);
    assert.deepEqual(told.sort(), settingsOfChart().sort());
  });

  it('name values that the chart has', () => {
    const values: unknown = parse(read('helm/agentrun/values.yaml'));
    for (const path of rows().flatMap(([, paths]) => paths)) {
      let found: unknown = values;
      for (const part of path.split('.')) found = (found as Record<string, unknown> | undefined)?.[part];
      assert.notEqual(found, undefined, path);
    }
  });
});
