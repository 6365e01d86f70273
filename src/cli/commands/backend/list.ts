import type { Command } from 'commander';
import type { BackendProfile } from '../../../contract/backend.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { terminalSafe, type Output } from '../../output.js';
import { table, tabSeparated } from '../../table.js';

export function addBackendList(backend: Command, context: CliContext): void {
  backend
    .command('list')
    .description('list the backends that a run can name, and why one is not ready')
    .option('--json', 'the profiles as JSON')
    .action(({ json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const { items } = await client.get<{ items: BackendProfile[] }>('/api/v1/backends');
        const { screen } = context;
        if (json) screen.data(JSON.stringify(items));
        else screen.data(screen.out.isTerminal ? asTable(items, screen.out) : tabSeparated(items.map(plainRow)));
      }),
    );
}

function asTable(backends: readonly BackendProfile[], { colors: { green, red, dim } }: Output): string {
  const header = ['BACKEND', 'READY', 'CAN', ''].map((name) => dim(name));
  const rows = backends.map(({ name, ready, reason, capabilities }) => [
    name,
    ready ? green('✓ ready') : red('✕ not ready'),
    abilities(capabilities).join(', '),
    dim(terminalSafe(reason ?? '')),
  ]);
  return table([header, ...rows]);
}

function plainRow({ name, kind, ready, reason, capabilities }: BackendProfile): (string | null)[] {
  return [name, kind, ready ? 'ready' : 'not ready', abilities(capabilities).join(','), reason];
}

function abilities(capabilities: BackendProfile['capabilities']): string[] {
  return Object.entries(capabilities).flatMap(([name, has]) => (has ? [name] : []));
}
