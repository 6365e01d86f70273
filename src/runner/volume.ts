import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where things lie on a session's volume; everything of ours is under `.agentrun`. */
export interface VolumeLayout {
  readonly workspaceDir: string;
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
    stateDir: join(own, 'state'),
    journalFile: join(own, 'turns.jsonl'),
    threadFile: join(own, 'thread.json'),
    scratchDir: join(volumeDir, '.agentrun', 'scratch'),
  };
  await mkdir(layout.stateDir, { recursive: true });
  await mkdir(layout.scratchDir, { recursive: true });
  return layout;
}

/** The thread that an earlier runner had open on this volume; null when there was none. */
export async function readThreadId(layout: VolumeLayout): Promise<string | null> {
  try {
    const { threadId } = JSON.parse(await readFile(layout.threadFile, 'utf8')) as { threadId?: unknown };
    return typeof threadId === 'string' ? threadId : null;
  } catch {
    return null;
  }
}

export async function writeThreadId(layout: VolumeLayout, threadId: string): Promise<void> {
  const part = `${layout.threadFile}.part`;
  await writeFile(part, `${JSON.stringify({ threadId })}\n`, { flush: true });
  await rename(part, layout.threadFile);
}
