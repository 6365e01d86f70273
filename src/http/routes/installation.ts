import { Installation } from '../../contract/installation.js';
import { route, type Route } from '../route.js';

export const installationRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/installation',
    operationId: 'readInstallation',
    tag: 'installation',
    summary: 'Who asks, and where the rest of the installation is',
    description: 'What a user interface must know before it shows anything. It depends on no other part.',
    auth: 'operator',
    answer: Installation,
    handle: async ({ principal }, { settings }): Promise<Installation> => {
      const { name, tenants } = principal.kind === 'operator' ? principal : { name: principal.runnerId, tenants: [] };
      return {
        operator: { name, tenants: tenants === 'all' ? null : [...tenants] },
        temporal: { uiUrl: settings.temporalUiUrl ?? null, namespace: settings.temporalNamespace ?? 'default' },
        traces: { uiUrlTemplate: settings.traceUiUrlTemplate ?? null },
        sourceCommit: settings.sourceCommit,
        valuesPrinted: false,
      };
    },
  }),
];
