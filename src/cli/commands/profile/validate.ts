import type { Command } from 'commander';
import type { HttpClient } from '../../../client/http-client.js';
import type { EventRecord } from '../../../contract/event.js';
import type { ProfileValidation } from '../../../contract/provider-profile.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs, spell } from '../../durations.js';
import { EXIT } from '../../exit-codes.js';
import { cutTo, terminalSafe } from '../../output.js';
import { phaseWords } from '../../phase-words.js';
import { ProgressDisplay } from '../../progress-display.js';
import { tabSeparated } from '../../table.js';
import { watchRun } from '../../watch-run.js';
import { addProfileArgument, profilePath } from './options.js';

interface ValidateOptions {
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addProfileValidate(profile: Command, context: CliContext): void {
  addProfileArgument(profile.command('validate'))
    .description('try a profile: one real turn by a real runner; ends with 0 when the provider answered, else with 5')
    .option('--wait-timeout <duration>', 'leave off waiting after this long (exit code 3); the run goes on', durationMs)
    .option('--json', 'as JSON')
    .action((name: string, options: ValidateOptions) =>
      reaching(context, async (client) => {
        const started = await client.post<ProfileValidation>(profilePath(name, '/validate'), {});
        await waitFor(context, client, started, options.waitTimeout);
        const ended = await client.get<ProfileValidation>(profilePath(name, `/validations/${started.id}`));
        context.exitCode = ended.state === 'succeeded' ? EXIT.ok : EXIT.runFailed;
        tell(context, ended, options.json ?? false);
      }),
    );
}

/** A line with what is under way; nothing at all off a terminal. */
async function waitFor(
  context: CliContext,
  client: HttpClient,
  { profile, runId }: ProfileValidation,
  timeoutMs: number | undefined,
): Promise<void> {
  const { err } = context.screen;
  const display = err.isTerminal ? new ProgressDisplay(err) : undefined;
  const name = `asking ${profile}`;
  display?.show({ name, state: 'started' });
  const onEvent = ({ type, payload }: EventRecord) => {
    const detail = type === 'backend_status' ? phaseWords(payload) : undefined;
    if (detail !== undefined) display?.show({ name, state: 'progress', detail: `· ${detail}` });
  };
  try {
    await watchRun(context, client, { runId, timeoutMs, onEvent });
  } finally {
    display?.close();
  }
}

function tell({ screen, program }: CliContext, validation: ProfileValidation, json: boolean): void {
  if (json) return screen.data(JSON.stringify(validation));
  const { id, profile, state, latencyMs, failureKind, diagnosis, reply } = validation;
  if (!screen.out.isTerminal)
    return screen.data(tabSeparated([[id, profile, state, latencyMs, failureKind, diagnosis]]));
  const { green, red, bold, dim } = screen.out.colors;
  const took = dim(`in ${spell(latencyMs ?? 0)}`);
  if (state === 'succeeded') {
    const said = cutTo(terminalSafe(reply ?? '').replaceAll(/\s+/g, ' '), 60);
    return screen.data(`${green('✓ answers')} ${took}  ${bold(profile)}  ${dim(said)}`);
  }
  screen.data(`${red(`✕ ${failureKind ?? 'failed'}`)} ${took}  ${bold(profile)}`);
  screen.data(`  ${terminalSafe(diagnosis)}`);
  screen.hint(dim(`  ${program} run tail ${validation.runId}   what happened`));
}
