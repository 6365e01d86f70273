import { evictionWorkflowId, STORAGE_GC_WORKFLOW_ID } from '../../../src/domain/ids.js';
import { SOON, type Life } from './life.js';

const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };

/** Lives of sessions' runs, and of what is done about their storage. */
export const sessionLives: Record<string, Life> = {
  'session-sent-steered-and-repeated': {
    settings: SOON,
    async play(stage) {
      const send = async (body: Record<string, unknown>) => stage.api.post('/api/v1/sessions/talk/send', body);
      const first = { prompt: 'read x; echo got $x', run: RUN, idempotencyKey: 'first' };
      const sent = await send(first);
      await stage.untilCommand(sent.command, 'acknowledged');
      // What the records have forgotten of it is asked of them again by the workflow.
      await stage.manager.database.query('UPDATE commands SET seq = NULL WHERE id = $1', [sent.command.id]);
      await Promise.allSettled([send(first)]);
      await send({ prompt: 'hello' });
      return stage.lived(sent.run.id);
    },
  },

  'session-storage-evicted': {
    settings: {},
    async play(stage) {
      await stage.api.post('/api/v1/sessions', { ...RUN, sessionId: 'old' });
      await stage.api.ok('DELETE', '/api/v1/sessions/old/storage');
      return stage.executions(evictionWorkflowId('old'));
    },
  },

  'session-storage-collected': {
    settings: {},
    async play(stage) {
      for (const sessionId of ['expired', 'kept']) await stage.api.post('/api/v1/sessions', { ...RUN, sessionId });
      await stage.manager.database.query(
        `UPDATE sessions SET expires_at = now() - interval '1 minute' WHERE id = 'expired'`,
      );
      await stage.api.post('/api/v1/sessions/storage/gc');
      return stage.executions(STORAGE_GC_WORKFLOW_ID);
    },
  },
};
