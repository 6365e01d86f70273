import { InvalidArgumentError, type Command } from 'commander';
import { SESSION_ID_PATTERN } from '../../../domain/ids.js';

const SESSION_ID = new RegExp(SESSION_ID_PATTERN);

/** A session's id, or the address of a page or a route that holds one. */
export function sessionId(given: string): string {
  const found = /\/sessions\/([^/?#]+)/.exec(given)?.[1];
  const id = found === undefined ? given : decodeURIComponent(found);
  if (!SESSION_ID.test(id)) {
    throw new InvalidArgumentError(
      'A session id is letters, digits and . _ : - (128 at most), a letter or digit first.',
    );
  }
  return id;
}

export function addSessionArgument(command: Command): Command {
  return command.argument('<sessionId>', 'the session', sessionId);
}

export function addReaderOption(command: Command): Command {
  return command.option('--reader <name>', "whose unread marks count; 'cli' when absent");
}

/** A route of one session. */
export function sessionPath(id: string, part = ''): string {
  return `/api/v1/sessions/${encodeURIComponent(id)}${part && `/${part}`}`;
}
