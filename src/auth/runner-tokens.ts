import { jwtVerify, SignJWT } from 'jose';
import type { CryptoKey } from 'jose';
import type { RunnerPrincipal } from '../domain/principal.js';
import type { ClaimTokens, RunnerTokens } from '../ports/runner-tokens.js';
import { tokenDigest } from './token-digest.js';
import { VerifiedTokens } from './verified-tokens.js';

const ISSUER = 'agentrun-mgr';
const AUDIENCE = 'agentrun-runner';
/** So that neither kind passes for the other. */
const CLAIM_AUDIENCE = 'agentrun-warm-runner';
/** HS256 needs a key at least as long as its hash. */
const MIN_KEY_BYTES = 32;

/**
 * Runner tokens as JSON Web Tokens signed with HS256. They carry no expiry: they die with their attempt.
 * @throws RangeError for a key shorter than 32 bytes.
 */
export function signedRunnerTokens(key: Uint8Array): RunnerTokens {
  const imported = importKey(key);
  const verified = new VerifiedTokens<RunnerPrincipal>();
  return {
    issue: async (principal) => issue(principal, await imported),
    async verify(token) {
      const digest = tokenDigest(token).toString('base64');
      const known = verified.get(digest);
      if (known !== undefined) return known;
      const bearer = await verify(token, await imported);
      if (bearer !== undefined) verified.add(digest, bearer);
      return bearer;
    },
  };
}

/** Claim tokens of warm runners, made as runner tokens are. @throws RangeError for a key shorter than 32 bytes. */
export function signedClaimTokens(key: Uint8Array): ClaimTokens {
  const imported = importKey(key);
  return {
    issue: async (warmRunnerId) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(ISSUER)
        .setAudience(CLAIM_AUDIENCE)
        .setSubject(warmRunnerId)
        .sign(await imported),
    async verify(token) {
      const options = { algorithms: ['HS256'], issuer: ISSUER, audience: CLAIM_AUDIENCE, requiredClaims: ['sub'] };
      const verified = await jwtVerify(token, await imported, options).catch(() => undefined);
      return verified?.payload.sub;
    },
  };
}

/** Given raw bytes, the library would import them for every token: two thirds of what a verification takes. */
function importKey(key: Uint8Array): Promise<CryptoKey> {
  if (key.byteLength < MIN_KEY_BYTES) throw new RangeError(`the runner token key must have ${MIN_KEY_BYTES} bytes`);
  // A copy: of a view, only its own bytes, and the caller may reuse them.
  return crypto.subtle.importKey('raw', Uint8Array.from(key), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
}

function issue(principal: Omit<RunnerPrincipal, 'kind'>, key: CryptoKey): Promise<string> {
  const { runId, tenantId, attempt, runnerId } = principal;
  return new SignJWT({ tenantId, attempt, runnerId })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(runId)
    .sign(key);
}

async function verify(token: string, key: CryptoKey): Promise<RunnerPrincipal | undefined> {
  const options = { algorithms: ['HS256'], issuer: ISSUER, audience: AUDIENCE, requiredClaims: ['sub'] };
  // Every way in which a token can be wrong is the same to its bearer.
  const verified = await jwtVerify(token, key, options).catch(() => undefined);
  if (verified === undefined) return undefined;
  const { sub: runId, tenantId, attempt, runnerId } = verified.payload;
  if (typeof runId !== 'string' || typeof tenantId !== 'string' || typeof runnerId !== 'string') return undefined;
  if (typeof attempt !== 'number' || !Number.isSafeInteger(attempt) || attempt < 1) return undefined;
  return { kind: 'runner', runId, tenantId, attempt, runnerId };
}
