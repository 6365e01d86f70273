import type { WarmRunnerStore } from '../ports/warm-runner-store.js';
import type { Database } from './pool.js';

/** How pools fail; part of the store of warm runners. */
export function createPoolFailures(database: Database): Pick<WarmRunnerStore, 'failed' | 'succeeded' | 'failures'> {
  return {
    async failed(backendProfile, message) {
      const statement = `INSERT INTO warm_pool_failures AS f (backend_profile, failures, failed_at, message)
        VALUES ($1, 1, now(), $2) ON CONFLICT (backend_profile)
        DO UPDATE SET failures = f.failures + 1, failed_at = now(), message = $2`;
      await database.query(statement, [backendProfile, message]);
    },
    async succeeded(backendProfile) {
      await database.query('DELETE FROM warm_pool_failures WHERE backend_profile = $1', [backendProfile]);
    },
    async failures() {
      const { rows } = await database.query<{ backend_profile: string; failures: number; ago_ms: string }>(
        `SELECT backend_profile, failures, extract(epoch FROM now() - failed_at) * 1000 AS ago_ms FROM warm_pool_failures`,
      );
      return rows.map((row) => ({
        backendProfile: row.backend_profile,
        failures: row.failures,
        failedAgoMs: Number(row.ago_ms),
      }));
    },
  };
}
