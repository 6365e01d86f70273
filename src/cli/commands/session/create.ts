import { Option, type Command } from 'commander';
import type { SessionCreate, SessionCreated } from '../../../contract/session.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { tabSeparated } from '../../table.js';
import { sessionId } from './options.js';
import { sessionWord } from './session-words.js';

interface CreateOptions {
  readonly tenant: string;
  readonly project: string;
  readonly backend?: string;
  readonly profile?: string;
  readonly conversation?: string;
  readonly expiresIn?: number;
  readonly idempotencyKey?: string;
  readonly json?: boolean;
}

export function addSessionCreate(session: Command, context: CliContext): void {
  session
    .command('create')
    .argument('[sessionId]', 'its id; the server makes one when absent', sessionId)
    .description('make a session with its storage; one that is there already is answered as it is')
    .option('--tenant <name>', 'tenant', 'default')
    .option('--project <name>', 'project', 'default')
    .option('--backend <name>', "backend profile; the server's default when absent")
    .addOption(new Option('--profile <name>', 'the same as --backend').conflicts('backend'))
    .option('--conversation <id>', 'the id that your own system has for it')
    .option(
      '--expires-in <duration>',
      'how long it is kept without activity, such as 7d (30 days when absent)',
      durationMs,
    )
    .option('--idempotency-key <key>', 'the same key makes the same session once')
    .option('--json', 'the answer as JSON')
    .action((id: string | undefined, options: CreateOptions) =>
      reaching(context, async (client) => {
        const created = await client.post<SessionCreated>('/api/v1/sessions', bodyOf(id, options));
        tellCreated(context, created, options.json ?? false);
        tellOtherBackend(context, created, options.backend ?? options.profile);
      }),
    );
}

function bodyOf(id: string | undefined, options: CreateOptions): SessionCreate {
  const { expiresIn } = options;
  return {
    sessionId: id,
    tenantId: options.tenant,
    projectId: options.project,
    backendProfile: options.backend ?? options.profile,
    conversationId: options.conversation,
    expiresAt: expiresIn === undefined ? undefined : new Date(Date.now() + expiresIn).toISOString(),
    idempotencyKey: options.idempotencyKey,
  };
}

/** What is there keeps what it was made with. */
function tellOtherBackend({ screen }: CliContext, { session }: SessionCreated, asked: string | undefined): void {
  const { sessionId: id, backendProfile } = session;
  if (asked === undefined || asked === backendProfile) return;
  screen.note(`! session ${id} was made with the backend ${backendProfile} before, and keeps it`);
}

function tellCreated({ screen, program }: CliContext, created: SessionCreated, json: boolean): void {
  const { session, action } = created;
  if (json) return screen.data(JSON.stringify(created));
  const what = action.replace('session-', '');
  if (!screen.out.isTerminal) return screen.data(tabSeparated([[session.sessionId, what]]));
  const { bold, dim } = screen.out.colors;
  const note =
    action === 'session-created' ? '' : dim(action === 'session-exists' ? '  it was there' : '  new storage');
  screen.data(`${sessionWord(session, screen.out.colors)}  ${bold(session.sessionId)}${note}`);
  screen.hint(dim(`  ${program} session send ${session.sessionId} "…"   say something to it`));
  screen.hint(dim(`  ${program} chat ${session.sessionId}   talk to it`));
}
