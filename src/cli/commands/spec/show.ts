import { Option, type Command } from 'commander';
import type { AipodSpecRecord } from '../../../contract/aipod-spec.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { terminalSafe } from '../../output.js';
import { table, tabSeparated } from '../../table.js';
import { count } from '../run/options.js';
import { addSpecNameArgument, specPath, yamlText } from './options.js';

interface ShowOptions {
  readonly version?: number;
  readonly yaml?: boolean;
  readonly json?: boolean;
}

export function addSpecShow(spec: Command, context: CliContext): void {
  addSpecNameArgument(spec.command('show'))
    .description('show a spec')
    .option('--version <n>', 'an older version; also of a deleted spec', count)
    .addOption(new Option('--yaml', 'only the document, as it was applied').conflicts('json'))
    .option('--json', 'the record as JSON')
    .action((name: string, { version, yaml, json }: ShowOptions) =>
      reaching(context, async (client) => {
        const record = await client.get<AipodSpecRecord>(specPath(name), { query: { version } });
        const { screen } = context;
        if (json) screen.data(JSON.stringify(record));
        else if (yaml) screen.raw(await textOf(record));
        else if (screen.out.isTerminal) screen.data(await pretty(context, record));
        else screen.data(tabSeparated(rowsOf(record)));
      }),
    );
}

/** The text that was applied; of a JSON document the same in YAML. */
async function textOf({ source, apiVersion, kind, metadata, spec }: AipodSpecRecord): Promise<string> {
  const text = source ?? (await yamlText({ apiVersion, kind, metadata, spec }));
  return text.endsWith('\n') ? text : `${text}\n`;
}

function rowsOf(record: AipodSpecRecord): [name: string, text: string][] {
  const { name, version, origin, appliedBy, createdAt, deletedAt, metadata } = record;
  const labels = Object.entries(metadata.labels ?? {}).map(([label, value]) => `${label}=${value}`);
  const rows: [string, string | null | undefined][] = [
    ['name', name],
    ['version', String(version)],
    ['from', origin === 'dir' ? 'a file, at start-up' : `the API${appliedBy === null ? '' : `, by ${appliedBy}`}`],
    ['applied', createdAt],
    ['deleted', deletedAt],
    ['description', metadata.description],
    ['labels', labels.length === 0 ? null : labels.join(' ')],
    ['backend', record.spec.backendProfile],
  ];
  return rows.flatMap(([key, text]) => (text === null || text === undefined ? [] : [[key, text]]));
}

async function pretty({ screen, program }: CliContext, record: AipodSpecRecord): Promise<string> {
  const { dim, cyan } = screen.out.colors;
  const rows = table(rowsOf(record).map(([name, text]) => [`  ${dim(name)}`, terminalSafe(text)]));
  const next = cyan(`  ${program} run create --spec ${record.name} --prompt "…"`);
  return [rows, '', terminalSafe(await textOf(record)).trimEnd(), '', dim('next'), next].join('\n');
}
