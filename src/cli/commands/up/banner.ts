import { localManagerFiles, type Settings } from '../../../config.js';
import type { EmbeddedStack } from '../../../main/embedded-stack.js';
import type { CliContext } from '../../context.js';
import { table } from '../../table.js';

/** Where everything is and what to try; the token itself is never printed. */
export function banner({ screen, program }: CliContext, settings: Settings, stack: EmbeddedStack): string {
  const { bold, dim, cyan } = screen.out.colors;
  const isTokenOurs = settings.AGENTRUN_OPERATOR_TOKEN === undefined && settings.AGENTRUN_OPERATORS_JSON === undefined;
  const token = isTokenOurs ? `in ${localManagerFiles(stack.dataDir).operatorToken}` : 'as configured';
  const facts = [
    ['API', cyan(stack.url), dim(`${stack.url}/openapi.json`)],
    ['Temporal UI', stack.temporalUiUrl === undefined ? dim('that of your Temporal') : cyan(stack.temporalUiUrl)],
    ['Data', stack.dataDir, dim('kept over restarts; logs/ is in it')],
    ['Operator token', token],
  ];
  const tries = [
    [`${program} run create --backend exec --prompt 'echo hello from $(hostname)' --tail`],
    [`${program} run list`],
    [`${program} --help`],
  ];
  return [
    '',
    `${bold('AgentRun is up.')} ${dim('Ctrl-C stops it.')}`,
    '',
    indent(table(facts)),
    '',
    'Try, in another terminal:',
    indent(table(tries)),
    '',
  ].join('\n');
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
