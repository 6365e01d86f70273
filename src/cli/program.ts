import { Command } from 'commander';
import { addApiCommand } from './commands/api.js';
import { addBoardCommand } from './commands/board.js';
import { addChatCommand } from './commands/chat.js';
import { addCredentialList } from './commands/credential/list.js';
import { addCredentialRemove } from './commands/credential/remove.js';
import { addCredentialSet } from './commands/credential/set.js';
import { addCredentialShow } from './commands/credential/show.js';
import { addBackendInstall } from './commands/backend/install.js';
import { addBackendList } from './commands/backend/list.js';
import { addDemoCommand } from './commands/demo.js';
import { addHealthCommand } from './commands/health.js';
import { addMcpCommand } from './commands/mcp.js';
import { addMigrateCommand } from './commands/migrate.js';
import { addProfileConfig } from './commands/profile/config.js';
import { addProfileCredential } from './commands/profile/credential.js';
import { addProfileList } from './commands/profile/list.js';
import { addProfileRemove } from './commands/profile/remove.js';
import { addProfileShow } from './commands/profile/show.js';
import { addProfileValidate } from './commands/profile/validate.js';
import { addQueueCommands } from './commands/queue.js';
import { addRunCancel } from './commands/run/cancel.js';
import { addRunCreate } from './commands/run/create.js';
import { addRunExplain } from './commands/run/explain.js';
import { addRunList } from './commands/run/list.js';
import { addRunSend } from './commands/run/send.js';
import { addRunShow } from './commands/run/show.js';
import { addRunTail } from './commands/run/tail.js';
import { addSessionCommands } from './commands/session.js';
import { addSpecCommands } from './commands/spec.js';
import { addTaskCommands } from './commands/task.js';
import { addUpCommand } from './commands/up.js';
import { addWorkerCommand } from './commands/worker.js';
import type { CliContext } from './context.js';
import { version } from './version.js';

/** All commands. Faults are thrown, and told by whoever runs it. */
export function createProgram(context: CliContext): Command {
  const program = new Command('agentrun')
    .description('The control plane for coding-agent runs.')
    .version(version(), '-V, --version')
    .exitOverride()
    // --version of a command is the command's own.
    .enablePositionalOptions()
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', HELP);
  addUpCommand(program, context);
  addDemoCommand(program, context);
  addRunCommands(program, context);
  addSessionCommands(program, context);
  addChatCommand(program, context);
  addTaskCommands(program, context);
  addQueueCommands(program, context);
  addBoardCommand(program, context);
  addProfileCommands(program, context);
  addCredentialCommands(program, context);
  addBackendCommands(program, context);
  addSpecCommands(program, context);
  addHealthCommand(program, context);
  addMcpCommand(program, context);
  addApiCommand(program, context);
  addWorkerCommand(program, context);
  addMigrateCommand(program, context);
  return program;
}

function addRunCommands(program: Command, context: CliContext): void {
  const run = program.command('run').description('make runs, watch them, speak to them');
  addRunCreate(run, context);
  addRunList(run, context);
  addRunShow(run, context);
  addRunExplain(run, context);
  addRunTail(run, context);
  addRunSend(run, context);
  addRunCancel(run, context);
}

function addProfileCommands(program: Command, context: CliContext): void {
  const profile = program.command('profile').description('set up what agents reach their providers with');
  addProfileList(profile, context);
  addProfileShow(profile, context);
  addProfileConfig(profile, context);
  addProfileCredential(profile, context);
  addProfileRemove(profile, context);
  addProfileValidate(profile, context);
}

function addCredentialCommands(program: Command, context: CliContext): void {
  const credential = program.command('credential').description('keep the ssh key that repositories are cloned with');
  addCredentialList(credential, context);
  addCredentialShow(credential, context);
  addCredentialSet(credential, context);
  addCredentialRemove(credential, context);
}

function addBackendCommands(program: Command, context: CliContext): void {
  const backend = program.command('backend').description('which agents runs can name, and their programs');
  addBackendList(backend, context);
  addBackendInstall(backend, context);
}

const HELP = `
Which manager: the one that \`agentrun up\` started over AGENTRUN_DATA_DIR, or the one at AGENTRUN_URL with the token
AGENTRUN_OPERATOR_TOKEN.

Exit codes: 0 ok, 1 error, 2 usage, 3 wait timed out, 4 not allowed, 5 the run failed, 6 too late, 8 needs you, 130 Ctrl-C.
Data goes to standard output, progress to standard error. --json gives JSON, and failures as JSON too.`;
