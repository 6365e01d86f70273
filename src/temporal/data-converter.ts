import type { DataConverter } from '@temporalio/common';
import { join } from 'node:path';
import type { PayloadKeys } from '../config/payload-settings.js';
import { packageRoot } from '../processes/package-root.js';
import { encryptingCodec } from './payload-codec.js';

const ENCRYPTED_FAILURES = join(packageRoot, 'dist/src/temporal/encrypted-failures.js');

/**
 * For client and worker alike; undefined where there are no keys. Workflows themselves know nothing of it: it is applied around their
 * sandbox, so that one bundle serves with and without.
 */
export function dataConverter(keys: PayloadKeys | undefined): DataConverter | undefined {
  if (keys === undefined) return undefined;
  const failures = keys.encryptWith === undefined ? {} : { failureConverterPath: ENCRYPTED_FAILURES };
  return { payloadCodecs: [encryptingCodec(keys)], ...failures };
}
