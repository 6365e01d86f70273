import type { Command } from 'commander';
import type { StorageGcReport } from '../../../contract/session.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { EXIT } from '../../exit-codes.js';
import type { Output } from '../../output.js';
import { table, tabSeparated } from '../../table.js';

/** A cycle waits for the platform to delete volumes. */
const CYCLE_MS = 300_000;

export function addSessionGc(session: Command, context: CliContext): void {
  session
    .command('gc')
    .description('evict the volumes of expired, inactive sessions now; it also happens every hour')
    .option('--json', 'the report as JSON')
    .action(({ json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const report = await client.post<StorageGcReport>('/api/v1/sessions/storage/gc', {}, { timeoutMs: CYCLE_MS });
        const { screen } = context;
        if (report.failed > 0) context.exitCode = EXIT.error;
        if (json) {
          screen.data(JSON.stringify(report));
          return;
        }
        if (report.items.length > 0) screen.data(linesOf(report, screen.out));
        screen.hint(`${report.evicted} evicted, ${report.kept} kept, ${report.failed} failed`);
        if (report.more) screen.hint('there are more: call it again, or leave them to the next hour');
      }),
    );
}

function linesOf({ items }: StorageGcReport, out: Output): string {
  const rows = items.map(({ sessionId, outcome, reason, pvcName }) => [sessionId, outcome, reason, pvcName ?? '']);
  if (!out.isTerminal) return tabSeparated(rows);
  const header = ['SESSION', 'OUTCOME', 'WHY', 'VOLUME'].map((name) => out.colors.dim(name));
  return table([header, ...rows]);
}
