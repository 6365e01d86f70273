import type { RunCreate } from '../../contract/run.js';
import { invalid } from '../../domain/errors.js';
import type { OperationContext } from '../context.js';

/** A query parameter of such a name carries a secret: `token`, `access_token`, `private-token`, `client_secret` … */
const SECRET_PARAMETER = /(^|[_-])(token|password|passwd|pwd|secret|api_?key)$/i;

/**
 * Refuses a repository that the installation does not let runs have.
 * @throws schema-invalid, which does not repeat the URL
 */
export function assertMayClone(
  { allowsRepository }: Pick<OperationContext, 'allowsRepository'>,
  { workspaceRef }: Pick<RunCreate, 'workspaceRef'>,
  field = 'workspaceRef.repoUrl',
): void {
  const { repoUrl } = workspaceRef ?? {};
  if (repoUrl === undefined || allowsRepository(repoUrl)) return;
  throw invalid(field, `${field} must be a repository that AGENTRUN_REPOSITORIES_ALLOWED names`);
}

/**
 * Refuses a repository URL with credentials in it: a run's record is stored and answered as it is. An ssh login without
 * a password (`ssh://git@host/…`, `git@host:path`) is a name and no secret.
 * @throws schema-invalid, which does not repeat the URL
 */
export function assertNoCredentials(repoUrl: string, field = 'workspaceRef.repoUrl'): void {
  if (!hasSecretLogin(repoUrl) && !hasSecretParameter(repoUrl)) return;
  throw invalid(field, `${field} must not hold credentials: keep them in the runner's own git configuration`);
}

function hasSecretLogin(repoUrl: string): boolean {
  // Some readers of URLs skip any number of slashes.
  const { scheme, authority } = /^(?<scheme>https?|ssh|git):\/\/+(?<authority>[^/?#]*)/.exec(repoUrl)?.groups ?? {};
  if (authority === undefined || !authority.includes('@')) return false;
  const login = authority.slice(0, authority.lastIndexOf('@'));
  return scheme !== 'ssh' || /:|%3a/i.test(login);
}

function hasSecretParameter(repoUrl: string): boolean {
  const [, ...parameters] = repoUrl.split(/[?&;#]/);
  return parameters.some((parameter) => SECRET_PARAMETER.test(decoded(parameter.replace(/=.*$/s, ''))));
}

function decoded(name: string): string {
  return new URLSearchParams(`${name}=`).keys().next().value ?? '';
}
