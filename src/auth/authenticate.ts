import { AgentRunError } from '../domain/errors.js';
import type { Principal } from '../domain/principal.js';
import type { RunnerTokens } from '../ports/runner-tokens.js';
import type { OperatorTokens } from './operator-tokens.js';

export interface Authenticator {
  /**
   * Who speaks, by the `Authorization` header.
   * @throws auth-required without a bearer token or with one that nobody here gave out.
   */
  readonly authenticate: (authorization: string | undefined) => Promise<Principal>;
}

export function createAuthenticator(operators: OperatorTokens, runnerTokens: RunnerTokens): Authenticator {
  return {
    async authenticate(authorization) {
      const token = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) throw authRequired('send "Authorization: Bearer <token>"');
      const principal = operators.authenticate(token) ?? (await runnerTokens.verify(token));
      if (principal === undefined) throw authRequired('the bearer token is not valid');
      return principal;
    },
  };
}

function authRequired(message: string): AgentRunError {
  return new AgentRunError('auth-required', 'invalid', message);
}
