import { InvalidArgumentError } from 'commander';
import { resolve } from 'node:path';
import type { WorkspaceRef } from '../../../contract/run.js';

/** Parsers of what a run is made with. */

export function workspace(given: string): WorkspaceRef {
  if (given === 'none') return { kind: 'none' };
  const [, kind, where = ''] = /^(path|git):(.+)$/s.exec(given) ?? [];
  if (kind === 'path') return { kind, path: resolve(where) };
  if (kind !== 'git') throw new InvalidArgumentError('Give none, path:<folder> or git:<url>[#<ref>].');
  const [repoUrl = '', ref] = where.split('#');
  const isLocal = !/^[a-z]+:\/\/|^[^/]+@[^/]+:/i.test(repoUrl);
  return { kind, repoUrl: isLocal ? resolve(repoUrl) : repoUrl, ...(ref && { ref }) };
}

export function variable(given: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(given) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Give NAME=value.');
  return { ...before, [name]: value };
}
