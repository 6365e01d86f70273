import { Option, type Command } from 'commander';
import { followSession, latestPlace } from '../../../client/follow-session.js';
import type { HttpClient } from '../../../client/http-client.js';
import type { EventRecord } from '../../../contract/event.js';
import type { SessionSummary } from '../../../contract/session.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { EventLines } from '../../event-lines.js';
import { outageNotes, watching } from '../../watch-run.js';
import { addSessionArgument, sessionPath } from './options.js';

interface TailOptions {
  readonly follow: boolean;
  readonly new?: boolean;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addSessionTail(session: Command, context: CliContext): void {
  addSessionArgument(session.command('tail'))
    .description('show what happens in a session, run after run, until Ctrl-C')
    .addOption(new Option('--no-follow', 'end with what there is now').conflicts(['new', 'waitTimeout']))
    .option('--new', 'only what happens from now on')
    .option('--wait-timeout <duration>', 'leave off after this long (exit code 3)', durationMs)
    .option('--json', 'each event as a line of JSON')
    .action((id: string, options: TailOptions) => reaching(context, (client) => tail(context, client, id, options)));
}

async function tail(context: CliContext, client: HttpClient, id: string, options: TailOptions): Promise<void> {
  const summary = await client.get<SessionSummary>(sessionPath(id));
  const after = options.new ? latestPlace(summary) : undefined;
  const show = shower(context, options.json ?? false);
  const goOn = `the session goes on; \`${context.program} session tail ${id} --new\` follows it again`;
  await watching({ timeoutMs: options.waitTimeout, goOn }, async (signal) => {
    const following = { after, signal, once: !options.follow, ...outageNotes(context) };
    for await (const event of followSession(client, id, following)) show(event);
  });
}

/** Events as they come, with a line where another run begins. */
function shower({ screen }: CliContext, json: boolean): (event: EventRecord) => void {
  if (json) return (event) => screen.data(JSON.stringify(event));
  const lines = new EventLines(screen);
  let runId: string | undefined;
  return (event) => {
    if (event.runId !== runId) screen.note(screen.err.colors.dim(`── ${event.runId}`));
    runId = event.runId;
    lines.show(event);
  };
}
