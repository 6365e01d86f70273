import type { Command } from 'commander';
import type { RunExplanation } from '../../../contract/explanation.js';
import type { RunRecord } from '../../../contract/run.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { nextCommands } from '../../next-commands.js';
import { terminalSafe } from '../../output.js';
import { statusWord } from '../../status-words.js';
import { timelineLines, timelineTable } from '../../timeline-lines.js';
import { addRunIdArgument } from './options.js';

export function addRunExplain(run: Command, context: CliContext): void {
  addRunIdArgument(run.command('explain'))
    .description('tell why a run is where it is: all that happened to it, and what to do next')
    .option('--json', 'the explanation as JSON')
    .action((runId: string, { json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const explanation = await client.get<RunExplanation>(`/api/v1/runs/${runId}/explain`);
        const { screen } = context;
        if (json) screen.data(JSON.stringify(explanation));
        else if (!screen.out.isTerminal) screen.data(timelineTable(explanation));
        else screen.data(pretty(context, explanation, await client.get<RunRecord>(`/api/v1/runs/${runId}`)));
      }),
    );
}

function pretty({ screen, program }: CliContext, explanation: RunExplanation, run: RunRecord): string {
  const { bold, dim, cyan } = screen.out.colors;
  const { attempt, maxAttempts, diagnosis, next, workflowId, traceId } = explanation;
  const commands = nextCommands(next, run, program);
  return [
    `${statusWord(run, screen.out.colors)}  ${bold(run.id)}  ${dim(`attempt ${attempt} of ${maxAttempts}`)}`,
    '',
    timelineLines(explanation, screen.out),
    '',
    terminalSafe(diagnosis),
    ...(commands.length === 0 ? [] : ['', dim('next'), ...commands.map((command) => `  ${cyan(command)}`)]),
    '',
    dim(`workflow ${workflowId}, trace ${traceId}`),
  ].join('\n');
}
