// Starts the Temporal dev server and keeps it until stdin ends, then exits without stopping it.
import { startTemporalDevServer, type TemporalDevServerOptions } from '../../../temporal-dev/dev-server.js';

const options = JSON.parse(process.argv[2]!) as Omit<TemporalDevServerOptions, 'onProgress'>;
const { pid, adopted } = await startTemporalDevServer({ ...options, onProgress: () => {} });
console.log(JSON.stringify({ pid, adopted }));
process.stdin.resume().once('end', () => process.exit(0));
