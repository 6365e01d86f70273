import type { HttpDependencies } from '../dependencies.js';
import type { Route } from '../route.js';
import { aipodSpecRoutes } from './aipod-specs.js';
import { backendRoutes } from './backends.js';
import { budgetRoutes } from './budgets.js';
import { commandRoutes } from './commands.js';
import { eventRoutes } from './events.js';
import { healthRoutes } from './health.js';
import { installationRoutes } from './installation.js';
import { leaseRoutes } from './leases.js';
import { metricsRoutes } from './metrics.js';
import { openApiRoutes } from './openapi.js';
import { providerProfileRoutes } from './provider-profiles.js';
import { queueTaskRoutes } from './queue-tasks.js';
import { queueRoutes } from './queues.js';
import { runnerJobRoutes } from './runner-jobs.js';
import { runnerRoutes } from './runners.js';
import { scheduleRoutes } from './schedules.js';
import { sessionRoutes } from './sessions.js';
import { sessionStorageRoutes } from './session-storage.js';
import { temporalPayloadRoutes } from './temporal-payloads.js';
import { runRoutes } from './runs.js';
import { toolCredentialRoutes } from './tool-credentials.js';
import { webhookRoutes } from './webhooks.js';

/** Every route that is served. */
export function allRoutes(dependencies: HttpDependencies): Route[] {
  const described = [
    ...healthRoutes(dependencies),
    ...installationRoutes,
    ...metricsRoutes(dependencies),
    ...backendRoutes,
    ...runRoutes,
    ...commandRoutes,
    ...eventRoutes,
    ...leaseRoutes,
    ...runnerJobRoutes,
    ...runnerRoutes,
    ...sessionStorageRoutes,
    ...sessionRoutes,
    ...queueTaskRoutes,
    ...queueRoutes,
    ...providerProfileRoutes,
    ...toolCredentialRoutes,
    ...aipodSpecRoutes,
    ...budgetRoutes,
    ...webhookRoutes,
    ...scheduleRoutes,
    ...temporalPayloadRoutes,
  ];
  return [...described, ...openApiRoutes(described)];
}
