import { rm } from 'node:fs/promises';
import type { WorkspaceRef } from '../contract/run.js';
import { redactUrls } from './git.js';
import { readFields, writeFields } from './small-file.js';

/** What was cloned into a volume's workspace: kept beside it, where no checkout changes it. */
export interface WorkspaceNote {
  /** Without credentials. */
  readonly repoUrl: string;
  /** As it was asked for; undefined where the repository's own default was. */
  readonly ref?: string | undefined;
}

export function noteOf({ repoUrl = '', ref }: Pick<WorkspaceRef, 'repoUrl' | 'ref'>): WorkspaceNote {
  return { repoUrl: redactUrls(repoUrl), ref };
}

/** Undefined where none was written, or where it cannot be read. */
export async function readNote(file: string): Promise<WorkspaceNote | undefined> {
  const { repoUrl, ref } = await readFields(file);
  return typeof repoUrl === 'string' ? { repoUrl, ref: typeof ref === 'string' ? ref : undefined } : undefined;
}

export async function writeNote(file: string, note: WorkspaceNote): Promise<void> {
  await writeFields(file, note);
}

export async function removeNote(file: string): Promise<void> {
  await rm(file, { force: true });
}

export function isSameRepository(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

/** `a.git`, `a/` and `a` are the same to a Git server. */
function plain(repoUrl: string): string {
  return redactUrls(repoUrl)
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
}

export function inWords({ repoUrl, ref }: WorkspaceNote): string {
  return ref === undefined ? repoUrl : `${repoUrl} at ${ref}`;
}
