import type { Command } from 'commander';
import type { HttpClient } from '../../../client/http-client.js';
import type { AipodSpecSummary } from '../../../contract/aipod-spec.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { ago } from '../../durations.js';
import { terminalSafe, type Output } from '../../output.js';
import { table, tabSeparated } from '../../table.js';
import { count } from '../run/options.js';
import { addSpecNameArgument, specPath } from './options.js';

interface ListOptions {
  readonly limit: number;
  readonly json?: boolean;
}

const LARGEST_PAGE = 500;

export function addSpecList(spec: Command, context: CliContext): void {
  spec
    .command('list')
    .description('list specs by name')
    .option('--limit <n>', 'how many at most', count, 100)
    .option('--json', 'the records as JSON')
    .action((options: ListOptions) => list(context, '/api/v1/aipod-specs', options));
}

export function addSpecVersions(spec: Command, context: CliContext): void {
  addSpecNameArgument(spec.command('versions'))
    .description('list the versions of a spec, newest first')
    .option('--limit <n>', 'how many at most', count, 20)
    .option('--json', 'the records as JSON')
    .action((name: string, options: ListOptions) => list(context, specPath(name, 'versions'), options));
}

function list({ screen, ...context }: CliContext, path: string, { limit, json = false }: ListOptions): Promise<void> {
  return reaching({ screen, ...context }, async (client) => {
    const items = await readAll(client, path, limit);
    if (json) screen.data(JSON.stringify(items));
    else if (items.length === 0) screen.hint('no specs');
    else screen.data(screen.out.isTerminal ? asTable(items, screen.out) : tabSeparated(items.map(plainRow)));
  });
}

async function readAll(client: HttpClient, path: string, limit: number): Promise<AipodSpecSummary[]> {
  const items: AipodSpecSummary[] = [];
  let cursor: string | undefined;
  do {
    const query = { cursor, limit: Math.min(limit - items.length, LARGEST_PAGE) };
    const page = await client.get<{ items: AipodSpecSummary[]; nextCursor?: string }>(path, { query });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && items.length < limit);
  return items;
}

function asTable(items: readonly AipodSpecSummary[], { colors: { dim } }: Output): string {
  const header = ['NAME', 'VERSION', 'BACKEND', 'FROM', 'APPLIED', 'DESCRIPTION'].map((name) => dim(name));
  const rows = items.map(({ name, version, backendProfile, origin, appliedBy, createdAt, metadata }) => [
    name,
    String(version),
    backendProfile ?? dim('-'),
    appliedBy ?? origin,
    ago(Date.now() - Date.parse(createdAt)),
    dim(terminalSafe(metadata.description ?? '').replaceAll(/\s+/g, ' ')),
  ]);
  return table([header, ...rows]);
}

function plainRow({ name, version, backendProfile, origin, appliedBy, createdAt }: AipodSpecSummary) {
  return [name, version, backendProfile, origin, appliedBy, createdAt];
}
