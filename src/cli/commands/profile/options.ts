import { InvalidArgumentError, type Command } from 'commander';
import { PROFILE_NAME_PATTERN } from '../../../domain/profiles.js';

const NAME = new RegExp(PROFILE_NAME_PATTERN);

function profileName(given: string): string {
  if (NAME.test(given)) return given;
  throw new InvalidArgumentError('A profile is named by letters, digits, ".", "_" and "-".');
}

export function addProfileArgument(command: Command): Command {
  return command.argument('<profile>', 'the profile; codex is what the built-in codex backend uses', profileName);
}

export function profilePath(profile: string, rest = ''): string {
  return `/api/v1/provider-profiles/${profile}${rest}`;
}
