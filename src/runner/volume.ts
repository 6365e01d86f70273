import { mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readFields, writeFields } from './small-file.js';

/** Where things lie on a session's volume; everything of ours is under `.agentrun`. */
export interface VolumeLayout {
  readonly workspaceDir: string;
  /** What was cloned into the workspace. */
  readonly workspaceFile: string;
  /** The backend's own state: what it needs to go on with its thread. */
  readonly stateDir: string;
  readonly journalFile: string;
  readonly threadFile: string;
  readonly scratchDir: string;
}

export async function openVolume(volumeDir: string, backendKind: string): Promise<VolumeLayout> {
  const own = join(volumeDir, '.agentrun', backendKind);
  const layout = {
    workspaceDir: join(volumeDir, 'workspace'),
    workspaceFile: join(volumeDir, '.agentrun', 'workspace.json'),
    stateDir: join(own, 'state'),
    journalFile: join(own, 'turns.jsonl'),
    threadFile: join(own, 'thread.json'),
    scratchDir: join(volumeDir, '.agentrun', 'scratch'),
  };
  await mkdir(layout.stateDir, { recursive: true });
  await mkdir(layout.scratchDir, { recursive: true });
  return layout;
}

/** The thread that an earlier runner with this kind of agent had open on this volume; null when there was none. */
export async function readThreadId({ threadFile }: Pick<VolumeLayout, 'threadFile'>): Promise<string | null> {
  const { threadId } = await readFields(threadFile);
  return typeof threadId === 'string' ? threadId : null;
}

/**
 * The thread to go on with: the session's, but where another kind of agent opened that one on this volume. A session that changes
 * its kind goes on with that kind's own thread, or begins one.
 */
export async function threadToResume(layout: VolumeLayout, ofSession: string | null): Promise<string | null> {
  if (ofSession !== null && !(await isOfAnotherKind(layout, ofSession))) return ofSession;
  return readThreadId(layout);
}

async function isOfAnotherKind({ threadFile }: VolumeLayout, threadId: string): Promise<boolean> {
  const own = dirname(threadFile);
  const kinds = await readdir(dirname(own));
  const others = kinds.map((kind) => join(dirname(own), kind)).filter((folder) => folder !== own);
  const theirs = await Promise.all(
    others.map(async (folder) => readThreadId({ threadFile: join(folder, basename(threadFile)) })),
  );
  return theirs.includes(threadId);
}

export async function writeThreadId(layout: VolumeLayout, threadId: string): Promise<void> {
  await writeFields(layout.threadFile, { threadId });
}
