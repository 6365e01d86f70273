// Makes dist/programs/: the programs that are started most, each with our modules and those packages in one file that would otherwise
// be hundreds of small ones. A command starts in a third of the time for it, a runner in half.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { projectRoot } from './project-root.js';

const COMPILED = join(projectRoot, 'dist/src');
const PROGRAMS = join(projectRoot, 'dist/programs');

const input = {
  agentrun: join(COMPILED, 'cli/main.js'),
  runner: join(COMPILED, 'runner/main.js'),
  'hand-over': join(COMPILED, 'runner/hand-over/main.js'),
};

/** Plain JavaScript of many files. Every other package stays where it is: it may look for its own files, or bring native parts. */
const BUNDLED =
  /^(typebox|ajv|ajv-formats|fast-uri|fast-deep-equal|json-schema-traverse|commander|picocolors|eventsource-parser|@agentclientprotocol\/sdk|zod|smol-toml|p-retry|is-network-error)(\/|$)/;

/** A package's name, as imports say it: neither a path nor a module of Node's. */
const PACKAGE = /^(@[^/]+\/)?[^./@][^:]*$/;

const bundle = await rolldown({
  input,
  platform: 'node',
  // By name: as a path it would be one of this machine, and not the one that Node chooses.
  external: (id, _importer, isResolved) => !isResolved && PACKAGE.test(id) && !BUNDLED.test(id),
});
await rm(PROGRAMS, { recursive: true, force: true });
await bundle.write({ dir: PROGRAMS, format: 'esm', sourcemap: true, chunkFileNames: 'parts/[name]-[hash].js' });
await bundle.close();
