import { randomUUID } from 'node:crypto';
import { eventually, type Loose } from '../support/api.js';
import { succeeded, type Api } from './api.js';

export const TASKS = '/api/v1/queue/tasks';
export const freshQueue = () => `q-${randomUUID()}`;

export const bodyOf = (more: Loose = {}) => ({
  queue: freshQueue(),
  tenantId: 'acme',
  projectId: 'site',
  backendProfile: 'exec',
  prompt: 'true',
  ...more,
});

export const create = async (api: Api, more: Loose = {}): Promise<Loose> =>
  succeeded(await api.post(TASKS, bodyOf(more)));
export const read = async (api: Api, id: string): Promise<Loose> => succeeded(await api.get(`${TASKS}/${id}`));
export const dispatch = async (api: Api, id: string): Promise<Loose> =>
  succeeded(await api.post(`${TASKS}/${id}/dispatch`));
export const until = async (api: Api, id: string, satisfies: (task: Loose) => boolean): Promise<Loose> =>
  eventually(async () => read(api, id), satisfies, 60_000);
export const ended = async (api: Api, id: string) => until(api, id, ({ phase }) => phase === 'ended');
