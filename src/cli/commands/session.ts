import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { addSessionCancel } from './session/cancel.js';
import { addSessionCreate } from './session/create.js';
import { addSessionExplain } from './session/explain.js';
import { addSessionGc } from './session/gc.js';
import { addSessionList } from './session/list.js';
import { addSessionRead } from './session/read.js';
import { addSessionSend } from './session/send.js';
import { addSessionShow } from './session/show.js';
import { addSessionStorage } from './session/storage.js';
import { addSessionTail } from './session/tail.js';

export function addSessionCommands(program: Command, context: CliContext): void {
  const session = program.command('session').description('talk to agents over many runs: one volume, one conversation');
  addSessionCreate(session, context);
  addSessionList(session, context);
  addSessionShow(session, context);
  addSessionExplain(session, context);
  addSessionSend(session, context);
  addSessionTail(session, context);
  addSessionRead(session, context);
  addSessionCancel(session, context);
  addSessionStorage(session, context);
  addSessionGc(session, context);
}
