import { createMaintenanceActivities } from './maintenance.js';
import { PlatformPlaces } from './platform-places.js';
import { createRecordActivities } from './records.js';
import { createRetentionActivities } from './runner-retention.js';
import { createRunnerJobActivities } from './runner-jobs.js';
import { createScheduleActivities } from './schedules.js';
import { createSessionActivities } from './sessions.js';
import { createStrandedActivities } from './stranded.js';
import { createTaskActivities } from './tasks.js';
import { createWatcherActivities } from './watchers.js';
import { createWarmRunnerActivities } from './warm-runners.js';
import { createWebhookActivities } from './webhooks.js';
import type { ActivityPorts } from './ports.js';

export function createActivities(ports: ActivityPorts) {
  const places = new PlatformPlaces();
  return {
    ...createRecordActivities(ports),
    ...createRunnerJobActivities(ports, places),
    ...createSessionActivities(ports, places),
    ...createTaskActivities(ports),
    ...createWatcherActivities(ports),
    ...createWarmRunnerActivities(ports),
    ...createMaintenanceActivities(ports),
    ...createStrandedActivities(ports),
    ...createRetentionActivities(ports),
    ...createWebhookActivities(ports),
    ...createScheduleActivities(ports),
  };
}

export type Activities = ReturnType<typeof createActivities>;
