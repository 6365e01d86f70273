import { Option, type Command } from 'commander';
import type { HttpClient } from '../../../client/http-client.js';
import type { RunRecord } from '../../../contract/run.js';
import { RUN_STATUSES } from '../../../domain/run-lifecycle.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { ago } from '../../durations.js';
import { cutTo, terminalSafe, type Output } from '../../output.js';
import { statusWord } from '../../status-words.js';
import { tabSeparated, table } from '../../table.js';
import { count } from './options.js';

interface ListOptions {
  readonly status?: string;
  readonly tenant?: string;
  readonly session?: string;
  readonly limit: number;
  readonly json?: boolean;
}

const LARGEST_PAGE = 500;

export function addRunList(run: Command, context: CliContext): void {
  run
    .command('list')
    .description('list runs, newest first')
    .addOption(new Option('--status <word>', 'only of this status').choices(RUN_STATUSES))
    .option('--tenant <name>', 'only of this tenant')
    .option('--session <id>', 'only of this session')
    .option('--limit <n>', 'how many at most', count, 20)
    .option('--json', 'the records as JSON')
    .action((options: ListOptions) =>
      reaching(context, async (client) => {
        const runs = await listRuns(client, options);
        const { out } = context.screen;
        if (options.json) {
          context.screen.data(JSON.stringify(runs));
          return;
        }
        if (runs.length === 0) {
          context.screen.hint('no runs');
          return;
        }
        context.screen.data(out.isTerminal ? asTable(runs, out) : tabSeparated(runs.map(plainRow)));
      }),
    );
}

async function listRuns(client: HttpClient, { status, tenant, session, limit }: ListOptions): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  let cursor: string | undefined;
  do {
    const query = { status, tenant, session, cursor, limit: Math.min(limit - runs.length, LARGEST_PAGE) };
    const page = await client.get<{ items: RunRecord[]; nextCursor?: string }>('/api/v1/runs', { query });
    runs.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && runs.length < limit);
  return runs;
}

function asTable(runs: readonly RunRecord[], out: Output): string {
  const { dim } = out.colors;
  const header = ['STATUS', 'RUN', 'BACKEND', 'PROJECT', 'ATTEMPT', 'AGE', ''].map((name) => dim(name));
  const rows = runs.map((run) => [
    statusWord(run, out.colors),
    run.id,
    run.backendProfile,
    `${run.tenantId}/${run.projectId}`,
    `${run.attempt}/${run.retryPolicy.maxAttempts}`,
    ago(Date.now() - Date.parse(run.createdAt)),
    dim(why(run)),
  ]);
  return table([header, ...rows])
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** What a person would ask next of a run that did not simply go well. */
function why({ cancelRequestedAt, terminalStatus, failureKind, failureMessage }: RunRecord): string {
  if (terminalStatus === null) return cancelRequestedAt === null ? '' : 'being cancelled';
  const text = failureMessage ?? (failureKind === terminalStatus ? '' : (failureKind ?? ''));
  return cutTo(terminalSafe(text).replaceAll(/\s+/g, ' '), 48);
}

function plainRow(run: RunRecord): (string | number | null)[] {
  const { id, status, backendProfile, tenantId, projectId, attempt, createdAt, finishedAt, failureKind } = run;
  return [id, status, backendProfile, tenantId, projectId, attempt, createdAt, finishedAt, failureKind];
}
