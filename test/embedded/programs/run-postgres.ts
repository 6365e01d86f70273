// Starts the embedded PostgreSQL and keeps it until stdin ends, then exits without stopping it.
import { startEmbeddedPostgres } from '../../../src/embedded/postgres.js';

const { folder } = JSON.parse(process.argv[2]!) as { folder: string };
const { pid, adopted, connectionString } = await startEmbeddedPostgres({
  dataDir: `${folder}/postgres`,
  logFile: `${folder}/logs/postgres.log`,
  port: 0,
  onProgress: () => {},
});
console.log(JSON.stringify({ pid, adopted, connectionString }));
process.stdin.resume().once('end', () => process.exit(0));
