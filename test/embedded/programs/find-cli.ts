// Resolves the Temporal CLI into a given cache.
import { resolveTemporalCli, type ResolveTemporalCliOptions } from '../../../temporal-dev/resolve-cli.js';

const options = JSON.parse(process.argv[2]!) as Omit<ResolveTemporalCliOptions, 'onProgress'>;
const ways: (string | undefined)[] = [];
const found = await resolveTemporalCli({ ...options, onProgress: ({ detail }) => ways.push(detail) });
console.log(JSON.stringify({ ...found, ways }));
