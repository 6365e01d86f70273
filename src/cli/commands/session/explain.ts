import type { Command } from 'commander';
import type { SessionExplanation } from '../../../contract/explanation.js';
import type { RunRecord } from '../../../contract/run.js';
import type { HttpClient } from '../../../client/http-client.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { nextCommands } from '../../next-commands.js';
import { terminalSafe } from '../../output.js';
import { timelineLines, timelineTable } from '../../timeline-lines.js';
import { addSessionArgument, sessionPath } from './options.js';

export function addSessionExplain(session: Command, context: CliContext): void {
  addSessionArgument(session.command('explain'))
    .description('tell why a session is where it is: its runs, all that happened to the last one, and what to do next')
    .option('--json', 'the explanation as JSON')
    .action((id: string, { json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const explanation = await client.get<SessionExplanation>(sessionPath(id, 'explain'));
        const { screen } = context;
        if (json) screen.data(JSON.stringify(explanation));
        else if (!screen.out.isTerminal) screen.data(timelineTable(explanation));
        else screen.data(pretty(context, explanation, await advice(context, client, explanation)));
      }),
    );
}

async function advice(
  { program }: CliContext,
  client: HttpClient,
  { runId, next, sessionId }: SessionExplanation,
): Promise<string[]> {
  if (runId !== null) return nextCommands(next, await client.get<RunRecord>(`/api/v1/runs/${runId}`), program);
  return [`${program} chat ${sessionId}`];
}

function pretty({ screen }: CliContext, explanation: SessionExplanation, next: readonly string[]): string {
  const { bold, dim, cyan } = screen.out.colors;
  const { sessionId, executionState, attentionState, diagnosis } = explanation;
  return [
    `${bold(sessionId)}  ${dim(`${executionState}, attention ${attentionState}`)}`,
    '',
    timelineLines(explanation, screen.out),
    '',
    terminalSafe(diagnosis),
    ...(next.length === 0 ? [] : ['', dim('next'), ...next.map((command) => `  ${cyan(command)}`)]),
  ].join('\n');
}
