import { InvalidArgumentError, type Command } from 'commander';
import { stringify } from 'yaml';
import type { HttpClient } from '../../../client/http-client.js';
import type { AipodInput, AipodRendered } from '../../../contract/aipod-spec.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { terminalSafe } from '../../output.js';
import { variable } from '../run/create-options.js';
import { count, readPrompt } from '../run/options.js';
import { addSpecNameArgument, specPath } from './options.js';

type Fields = Readonly<Record<string, unknown>>;

interface RenderOptions {
  readonly prompt?: string;
  readonly tenant?: string;
  readonly project?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly set: Fields;
  readonly version?: number;
  readonly json?: boolean;
}

export function addSpecRender(spec: Command, context: CliContext): void {
  addSpecNameArgument(spec.command('render'))
    .description('show the bodies that ask for the work of a spec; nothing is made')
    .option('--prompt <text>', 'what to do; - reads it from standard input')
    .option('--tenant <name>', "tenant; the spec's when absent")
    .option('--project <name>', "project; the spec's when absent")
    .option('--env <name=value>', 'a variable for the agent (repeat for more); not for secrets', variable)
    .option(
      '--set <field=value>',
      'a field of the input, such as executionPolicy.timeoutMs=60000 (repeat for more)',
      set,
      {},
    )
    .option('--version <n>', 'render an older version', count)
    .option('--json', 'the bodies as JSON')
    .action((name: string, options: RenderOptions) => render(context, name, options));
}

async function render(context: CliContext, name: string, options: RenderOptions): Promise<void> {
  const { tenant: tenantId, project: projectId, env, version } = options;
  const prompt = options.prompt === undefined ? undefined : await readPrompt(options.prompt);
  const named = { tenantId, projectId, prompt, env };
  await reaching(context, async (client) => {
    const rendered = await renderOnServer(client, name, { ...options.set, ...withoutAbsent(named) }, version);
    const { screen } = context;
    if (options.json) {
      screen.data(JSON.stringify(rendered));
      return;
    }
    const text = stringify(rendered).trimEnd();
    screen.data(screen.out.isTerminal ? terminalSafe(text) : text);
  });
}

export function renderOnServer(
  client: HttpClient,
  name: string,
  input: AipodInput | Fields,
  version?: number,
): Promise<AipodRendered> {
  return client.post<AipodRendered>(specPath(name, 'render'), { input, version });
}

function withoutAbsent(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** `a.b=value`: JSON where it is JSON, else text. A later one goes into what an earlier one made. */
function set(given: string, before: Fields): Fields {
  const [, path, value] = /^([A-Za-z0-9_.-]+)=(.*)$/s.exec(given) ?? [];
  if (path === undefined || value === undefined) throw new InvalidArgumentError('Give field=value.');
  return withField(before, path.split('.'), jsonOrText(value));
}

function withField(fields: Fields, [name = '', ...rest]: readonly string[], value: unknown): Fields {
  const inner = fields[name];
  const isFields = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
  return { ...fields, [name]: rest.length === 0 ? value : withField(isFields ? (inner as Fields) : {}, rest, value) };
}

function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
