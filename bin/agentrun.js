#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = new URL('../dist/programs/agentrun.js', import.meta.url);
if (existsSync(entry)) {
  await import(entry.href);
} else {
  const folder = dirname(dirname(fileURLToPath(import.meta.url)));
  console.error(`agentrun: not built yet; run \`npm ci && npm run build\` in ${folder}`);
  process.exitCode = 1;
}
