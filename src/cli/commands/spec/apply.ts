import type { Command } from 'commander';
import { ApiError, type HttpClient } from '../../../client/http-client.js';
import type { AipodSpecApplied } from '../../../contract/aipod-spec.js';
import { aipodSpecKey } from '../../../domain/aipod-spec-versions.js';
import { CliError, usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { table, tabSeparated } from '../../table.js';
import { readSpecFile, type SpecBody } from './spec-file.js';

interface ApplyOptions {
  readonly file: readonly string[];
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

interface Read {
  readonly file: string;
  readonly body: SpecBody;
}

const PATH = '/api/v1/aipod-specs';

export function addSpecApply(spec: Command, context: CliContext): void {
  spec
    .command('apply')
    .description('make specs, or their next versions, from files; all of them are checked before the first is applied')
    .requiredOption('-f, --file <file>', 'YAML or .json; - reads standard input (repeat for more)', collect)
    .option('--dry-run', 'only say what would come of it')
    .option('--json', 'what was answered as JSON, a list')
    .action((options: ApplyOptions) => apply(context, options));
}

function collect(file: string, before: readonly string[] = []): string[] {
  return [...before, file];
}

async function apply(context: CliContext, { file: files, dryRun = false, json = false }: ApplyOptions): Promise<void> {
  if (files.filter((file) => file === '-').length > 1) throw usageError('standard input can be read once only');
  const read: Read[] = [];
  for (const file of files) read.push({ file, body: await readSpecFile(file) });
  await reaching(context, async (client) => {
    const checked = await check(client, read);
    const applied = dryRun ? checked : await applyAll(client, read);
    tell(context, applied, json);
  });
}

/** @throws CliError that names each file with what the manager says of it. */
async function check(client: HttpClient, read: readonly Read[]): Promise<AipodSpecApplied[]> {
  const faults: string[] = [];
  const files = new Map<string, string>();
  const checked: AipodSpecApplied[] = [];
  for (const { file, body } of read) {
    try {
      const answer = await client.post<AipodSpecApplied>(PATH, body, { query: { dryRun: true } });
      const namesake = files.get(aipodSpecKey(answer.name));
      if (namesake !== undefined) faults.push(`${file}: ${answer.name} is in ${namesake} already`);
      files.set(aipodSpecKey(answer.name), file);
      checked.push(answer);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 401 || error.status === 403) throw error;
      faults.push(`${file}: ${error.message}`);
    }
  }
  const [fault, ...more] = faults;
  if (fault === undefined) return checked;
  throw new CliError(fault, undefined, [...more, ...(read.length > 1 ? ['nothing was applied'] : [])]);
}

async function applyAll(client: HttpClient, read: readonly Read[]): Promise<AipodSpecApplied[]> {
  const applied: AipodSpecApplied[] = [];
  for (const { body } of read) applied.push(await client.post<AipodSpecApplied>(PATH, body));
  return applied;
}

function tell({ screen, program }: CliContext, applied: readonly AipodSpecApplied[], json: boolean): void {
  const { dim, bold, green } = screen.out.colors;
  if (json) return screen.data(JSON.stringify(applied));
  const words = ({ action, dryRun }: AipodSpecApplied) => (dryRun ? `${action} (dry run)` : action);
  if (!screen.out.isTerminal) {
    screen.data(tabSeparated(applied.map((spec) => [spec.name, spec.version, words(spec)])));
  } else {
    const look = (spec: AipodSpecApplied) =>
      spec.action === 'unchanged' ? dim('· unchanged') : green(`✓ ${words(spec)}`);
    screen.data(table(applied.map((spec) => [look(spec), bold(spec.name), dim(`version ${spec.version}`)])));
  }
  for (const { name, warnings } of applied) {
    for (const { message } of warnings) screen.note(screen.err.colors.yellow(`! ${name}: ${message}`));
  }
  const [first] = applied;
  if (first !== undefined) screen.hint(dim(`  ${program} run create --spec ${first.name} --prompt "…"`));
}
