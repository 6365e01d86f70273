import { AgentRunError } from '../domain/errors.js';
import type { Principal } from '../domain/principal.js';
import type { ClaimTokens, RunnerTokens } from '../ports/runner-tokens.js';
import type { OperatorTokens } from './operator-tokens.js';

export interface Authenticator {
  /**
   * Who speaks, by the `Authorization` header.
   * @throws auth-required without a bearer token or with one that nobody here gave out.
   */
  readonly authenticate: (authorization: string | undefined) => Promise<Principal>;
  /** Which warm runner asks for its run, by its claim token, which is good for nothing else. Throws as `authenticate` does. */
  readonly claimant: (authorization: string | undefined) => Promise<string>;
}

export function createAuthenticator(
  operators: OperatorTokens,
  runnerTokens: RunnerTokens,
  claimTokens: ClaimTokens,
): Authenticator {
  return {
    async authenticate(authorization) {
      const token = bearerToken(authorization);
      return operators.authenticate(token) ?? (await runnerTokens.verify(token)) ?? notValid();
    },
    claimant: async (authorization) => (await claimTokens.verify(bearerToken(authorization))) ?? notValid(),
  };
}

function bearerToken(authorization: string | undefined): string {
  const token = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw authRequired('send "Authorization: Bearer <token>"');
  return token;
}

function notValid(): never {
  throw authRequired('the bearer token is not valid');
}

function authRequired(message: string): AgentRunError {
  return new AgentRunError('auth-required', 'invalid', message);
}
