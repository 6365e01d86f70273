import { isRepositoryEntry } from '../domain/repositories.js';
import { ConfigurationError } from './configuration-error.js';
import { listed } from './setting.js';

const VARIABLE = 'AGENTRUN_REPOSITORIES_ALLOWED';

/** Repositories that runs may name; undefined where they may name any. @throws ConfigurationError that names the entry. */
export function readRepositories(settings: { readonly [VARIABLE]?: string }): readonly string[] | undefined {
  if (settings[VARIABLE] === undefined) return undefined;
  const given = listed(settings[VARIABLE]);
  const wrong = given.find((entry) => !isRepositoryEntry(entry));
  if (wrong !== undefined) throw new ConfigurationError(`${VARIABLE}: ${wrong} ${WRONG}`);
  return given;
}

const WRONG =
  'is neither a repository nor a host and what its repositories begin with: https://git.example.com/acme/*, git@git.example.com:acme/*';
