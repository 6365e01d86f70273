import { AgentRunError } from '../domain/errors.js';
import type { Principal } from '../domain/principal.js';
import type { RunnerTokens } from '../ports/runner-tokens.js';
import type { OidcTokens } from './oidc-tokens.js';
import type { OperatorTokens } from './operator-tokens.js';

export interface Authenticator {
  /**
   * Who speaks, by the `Authorization` header.
   * @throws auth-required without a bearer token or with one that nobody here gave out; what `OidcTokens` throws, where one is trusted.
   */
  readonly authenticate: (authorization: string | undefined) => Promise<Principal>;
}

export function createAuthenticator(
  operators: OperatorTokens,
  runnerTokens: RunnerTokens,
  oidc?: OidcTokens,
): Authenticator {
  return {
    async authenticate(authorization) {
      const token = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) throw authRequired('send "Authorization: Bearer <token>"');
      // Runners speak most often; a provider is asked last, so that what it is like concerns its own tokens alone.
      const principal =
        operators.authenticate(token) ?? (await runnerTokens.verify(token)) ?? (await oidc?.verify(token));
      if (principal === undefined) throw authRequired('the bearer token is not valid');
      return principal;
    },
  };
}

function authRequired(message: string): AgentRunError {
  return new AgentRunError('auth-required', 'invalid', message);
}
