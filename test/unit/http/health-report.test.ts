import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { HttpDependencies } from '../../../src/http/dependencies.js';
import { createHealthReport } from '../../../src/http/health-report.js';
import { builtInBackends } from '../../../src/operations/backends/built-in-backends.js';

describe('the health report', () => {
  it('says that the platform is not ready, and not in its own words', async () => {
    const message = "EACCES: permission denied, mkdir '/srv/planted/runners'";
    const ready = async () => ({ ready: true });
    const dependencies = {
      probes: { database: ready, temporal: ready, platform: async () => ({ ready: false, message }) },
      operations: {
        backends: builtInBackends(
          async () => true,
          async () => null,
        ),
      },
      settings: { platformKind: 'local' },
    } as unknown as HttpDependencies;
    const { platform } = await createHealthReport(dependencies, 1_000)();
    assert.deepEqual(platform, { kind: 'local', ready: false, message: 'the platform cannot start runners now' });
  });
});
