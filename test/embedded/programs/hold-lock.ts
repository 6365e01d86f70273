// Tries to open the data folder at each line on stdin; says `held`, or who holds it.
import { createInterface } from 'node:readline';
import { DataFolderLocked, openDataFolder } from '../../../src/embedded/data-folder.js';

const { dataDir } = JSON.parse(process.argv[2]!) as { dataDir: string };
console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  try {
    await openDataFolder(dataDir);
    console.log(JSON.stringify({ round: line, held: true }));
  } catch (error) {
    if (!(error instanceof DataFolderLocked)) throw error;
    console.log(JSON.stringify({ round: line, held: false, holder: error.holderPid }));
  }
}
