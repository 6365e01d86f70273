import { Option, type Command } from 'commander';
import { latestPlace } from '../../../client/follow-session.js';
import type { HttpClient } from '../../../client/http-client.js';
import type { SessionSend, SessionSendPlan, SessionSent } from '../../../contract/session-send.js';
import { sendOnce } from '../../ask-once.js';
import { usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { tabSeparated } from '../../table.js';
import { readPrompt } from '../run/options.js';
import { findSession, makeSession, sendToSession } from './session-calls.js';
import { followSent } from './follow-sent.js';
import { addSessionArgument, sessionPath } from './options.js';
import { addRunBaseOptions, newRunOf, type RunBaseOptions } from './run-base.js';

interface SendOptions extends RunBaseOptions {
  readonly idempotencyKey?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly tail?: boolean;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addSessionSend(session: Command, context: CliContext): void {
  const command = addSessionArgument(session.command('send'))
    .argument('<prompt>', 'what to say; - reads it from standard input')
    .description('say something to a session: into its turn, as its next turn, or as the first turn of a new run')
    .option('--idempotency-key <key>', 'the same key sends the same once')
    .option('--dry-run', 'say what would be done, and do nothing');
  addRunBaseOptions(command)
    .addOption(new Option('--wait', 'wait until a steer is delivered, or a turn has ended').conflicts('tail'))
    .option('--tail', 'show what happens until the turn has ended')
    .option('--wait-timeout <duration>', 'leave off waiting after this long (exit code 3); the run goes on', durationMs)
    .option('--json', 'JSON; with --tail, JSON lines')
    .action((id: string, prompt: string, options: SendOptions) => send(context, id, prompt, options));
}

async function send(context: CliContext, id: string, given: string, options: SendOptions): Promise<void> {
  const { wait = false, tail = false, json = false, dryRun = false, waitTimeout } = options;
  if (!wait && !tail && waitTimeout !== undefined) throw usageError('--wait-timeout needs --wait or --tail');
  if (dryRun && (wait || tail)) throw usageError('--dry-run sends nothing that could be waited for');
  const prompt = await readPrompt(given);
  const { idempotencyKey: givenKey } = options;
  const body: SessionSend = { prompt, ...newRunOf(options) };
  await reaching(context, async (client) => {
    const before = await findSession(client, id);
    if (dryRun) {
      const planned = { ...body, idempotencyKey: givenKey, ...(before ? {} : inFull(body)) };
      tellPlan(context, await plan(client, id, planned), json);
      return;
    }
    if (before === undefined) await makeSession(client, id, options);
    const sent = await sendOnce(context, { what: 'prompt', givenKey }, (idempotencyKey) =>
      sendToSession(client, id, { ...body, idempotencyKey }),
    );
    if (!wait && !tail) {
      tellSent(context, sent, json);
      return;
    }
    const place = before && latestPlace(before);
    const afterSeq = place?.runId === sent.run.id ? place.seq : 0;
    await followSent(context, client, { sent, afterSeq, tail, json, waitTimeout });
  });
}

/** A plan makes no session, so it must say whose it would be. */
function inFull({ run }: SessionSend): Pick<SessionSend, 'run'> {
  return { run: { ...run, tenantId: run?.tenantId ?? 'default', projectId: run?.projectId ?? 'default' } };
}

function plan(client: HttpClient, id: string, body: SessionSend): Promise<SessionSendPlan> {
  return client.post<SessionSendPlan>(sessionPath(id, 'send'), { ...body, dryRun: true });
}

function tellSent({ screen, program }: CliContext, sent: SessionSent, json: boolean): void {
  const { command, decision, run, sessionId } = sent;
  if (json) return screen.data(JSON.stringify(sent));
  if (!screen.out.isTerminal) return screen.data(tabSeparated([[command.id, decision, run.id, command.state]]));
  const { bold, dim } = screen.out.colors;
  screen.data(`${dim('◷ queued')}  ${decision} ${bold(command.id)}`);
  screen.hint(dim(`  ${program} session tail ${sessionId} --new   follow the session`));
}

function tellPlan({ screen }: CliContext, plan: SessionSendPlan, json: boolean): void {
  const { decision, request, next } = plan;
  if (json) return screen.data(JSON.stringify(plan));
  if (!screen.out.isTerminal) return screen.data(tabSeparated([[decision, request.method, request.path, next.note]]));
  screen.data(`${decision}: ${next.note}`);
}
