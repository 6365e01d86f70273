import { makePrivateFolder } from '../../../src/processes/private-folder.js';

/** Tells the folder it made, and stays until it is killed. */
process.stdout.write(`${await makePrivateFolder()}\n`);
setInterval(() => undefined, 60_000);
