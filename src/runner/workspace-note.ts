import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { WorkspaceRef } from '../contract/run.js';
import { redactUrls } from './git.js';

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
  try {
    const { repoUrl, ref } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    return typeof repoUrl === 'string' ? { repoUrl, ref: typeof ref === 'string' ? ref : undefined } : undefined;
  } catch {
    return undefined;
  }
}

export async function writeNote(file: string, note: WorkspaceNote): Promise<void> {
  const part = `${file}.part`;
  await writeFile(part, `${JSON.stringify(note)}\n`, { flush: true });
  await rename(part, file);
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
