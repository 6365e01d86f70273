import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/project-root.js';
import { METRICS } from '../../src/telemetry/metric-names.js';
import { startMetrics } from '../../src/telemetry/metrics.js';
import type { FleetGauges } from '../../src/ports/fleet-gauges.js';

const NOWHERE = {
  tracesUrl: undefined,
  metricsUrl: undefined,
  samplerRatio: 1,
  metricIntervalMs: 60_000,
  resource: {},
};

describe('figures', () => {
  it('are told without those of the database while that is down, and it is asked once for scrapes in quick succession', async () => {
    let asked = 0;
    const down: FleetGauges = {
      read: async () => {
        asked += 1;
        throw new Error('down');
      },
    };
    const metrics = await startMetrics(NOWHERE, { fleet: down });
    metrics.count('agentrun_events_appended_total', { type: 'error' });
    const [text] = await Promise.all([metrics.scrape(), metrics.scrape(), metrics.scrape()]);
    await metrics.close();
    assert.match(text, /^agentrun_events_appended_total\{type="error"\} 1$/m);
    assert.ok(!/^agentrun_runs\{/m.test(text));
    assert.equal(asked, 1);
  });

  it('do not wait for a database that hangs', async () => {
    const metrics = await startMetrics(NOWHERE, { fleet: { read: () => new Promise(() => undefined) } });
    const startedMs = performance.now();
    assert.match(await metrics.scrape(), /^agentrun_lease_expiries_total 0$/m);
    assert.ok(performance.now() - startedMs < 10_000);
    await metrics.close();
  });
});

describe('the dashboard', () => {
  const file = join(projectRoot, 'helm/agentrun/dashboards/agentrun.json');
  const dashboard = JSON.parse(readFileSync(file, 'utf8')) as { panels: { targets: { expr: string }[] }[] };
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const asked = new Set(
    expressions.flatMap((expr) =>
      [...expr.matchAll(/agentrun_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')),
    ),
  );

  it('asks for metrics that exist', () => {
    assert.deepEqual(
      [...asked].filter((name) => !(name in METRICS)),
      [],
    );
  });

  it('shows all of them', () => {
    assert.deepEqual(
      Object.keys(METRICS).filter((name) => !asked.has(name)),
      [],
    );
  });
});
