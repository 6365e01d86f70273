import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Before the runner of a Pod: copies what the cluster mounted for it (`<from> <to>`) to where the runner can take it away. A mounted
 * folder cannot be emptied, and what is in it could be read by the agent.
 */
async function handOver(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await readdir(from)) {
    // A mounted Secret has entries of its own beside the fields; those begin with two dots.
    if (name.startsWith('..')) continue;
    const isFolder = (await stat(join(from, name))).isDirectory();
    if (isFolder) await handOver(join(from, name), join(to, name));
    else await copyFile(join(from, name), join(to, name));
  }
}

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error('expected two folders: from where, and to where');
await handOver(from, to);
