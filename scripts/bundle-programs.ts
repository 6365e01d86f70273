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
const BUNDLED = [
  'typebox',
  'ajv',
  'ajv-formats',
  'fast-uri',
  'fast-deep-equal',
  'json-schema-traverse',
  'commander',
  'picocolors',
  'eventsource-parser',
  '@agentclientprotocol/sdk',
  'zod',
  'smol-toml',
  'p-retry',
  'is-network-error',
];

/** By the name that it is imported by: what is resolved is a path of this machine, and an image has another. */
function isLeftOut(id: string): boolean {
  return /^[a-z@]/.test(id) && !BUNDLED.some((name) => id === name || id.startsWith(`${name}/`));
}

const bundle = await rolldown({ input, platform: 'node', external: (id) => isLeftOut(id) });
await rm(PROGRAMS, { recursive: true, force: true });
await bundle.write({ dir: PROGRAMS, format: 'esm', sourcemap: true, chunkFileNames: 'parts/[name]-[hash].js' });
await bundle.close();
