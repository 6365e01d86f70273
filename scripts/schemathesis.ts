import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where schemathesis is: as the environment says, or where CI puts it; undefined where it is not. */
export function schemathesis(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const program = process.env['AGENTRUN_TEST_SCHEMATHESIS'] ?? join(cache, 'agentrun/schemathesis/bin/schemathesis');
  return existsSync(program) ? program : undefined;
}
