import { BackendList } from '../../contract/backend.js';
import { route, type Route } from '../route.js';

export const backendRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/backends',
    operationId: 'listBackends',
    tag: 'backends',
    summary: 'The backend profiles that a run can name, and whether each is ready',
    auth: 'any',
    answer: BackendList,
    handle: async (_request, { operations }) => ({ items: await operations.backends.list() }),
  }),
];
