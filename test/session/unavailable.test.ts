import assert from 'node:assert/strict';
import { Api } from '../support/api.js';
import { startTestManager } from '../support/test-manager.js';

describe('a session whose run cannot be told', function () {
  this.timeout(120_000);

  it('still answers what it knows, and logs why, without what was read', async () => {
    const lines: Record<string, unknown>[] = [];
    const log = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
    const manager = await startTestManager({}, { log });
    try {
      const api = new Api(manager.url, manager.operatorToken);
      const run = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
      const sent = await api.post('/api/v1/sessions/dim/send', { prompt: 'x', run, createRunnerJob: false });
      await manager.database.query('ALTER TABLE runner_jobs RENAME COLUMN reason TO gone');
      const { activeRunId, liveness, supervisor } = await api.get('/api/v1/sessions/dim');
      assert.deepEqual([activeRunId, liveness.phase, supervisor.phase], [sent.run.id, 'unavailable', 'unavailable']);
      const [told] = lines.filter(({ msg }) => msg === 'the state of a session’s run could not be read');
      assert.deepEqual([told?.['sessionId'], told?.['runId']], ['dim', sent.run.id]);
      const { name, code, message } = told?.['error'] as Record<string, unknown>;
      // PostgreSQL's word for a column that is not there.
      assert.deepEqual([name, code, message], ['error', '42703', undefined]);
      await manager.database.query('ALTER TABLE runner_jobs RENAME COLUMN gone TO reason');
      await api.post(`/api/v1/runs/${sent.run.id}/cancel`);
    } finally {
      await manager.stop();
    }
  });
});
