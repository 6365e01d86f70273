// Stands in for the runner: keeps what it was handed in its volume, where a test can look, and lives on.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { RUNNER_VARIABLES } from '../../../src/domain/runner-program.js';

const variable = (name: string) => process.env[name] ?? '';
const handed = { line: await text(process.stdin), backendKind: variable(RUNNER_VARIABLES.backendKind) };
const file = join(variable(RUNNER_VARIABLES.volumeDir), 'handed.json');
writeFileSync(`${file}.part`, JSON.stringify(handed));
renameSync(`${file}.part`, file);
setInterval(() => undefined, 1_000);
