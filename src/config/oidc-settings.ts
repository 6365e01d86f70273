import type { Type } from 'typebox';
import type { Static } from 'typebox';
import { ConfigurationError } from './configuration-error.js';
import { count, optionalText, text, URL_PATTERN } from './setting.js';

/** Only such that a public key verifies: with another kind, whoever may check tokens could make them. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Whose tokens are taken besides operator tokens: those of an OpenID Connect provider, for people who sign in there. */
export const OIDC_SETTINGS = {
  AGENTRUN_OIDC_ISSUER: optionalText('Issuer whose bearer tokens are taken too; none when absent', {
    pattern: URL_PATTERN,
  }),
  AGENTRUN_OIDC_AUDIENCE: optionalText('Whom such tokens must be for; needed with AGENTRUN_OIDC_ISSUER'),
  AGENTRUN_OIDC_JWKS_URL: optionalText("Where the issuer's keys are; what its discovery document says when absent", {
    pattern: URL_PATTERN,
  }),
  AGENTRUN_OIDC_NAME_CLAIM: text('Claim by which its bearer is called in records and logs', { default: 'sub' }),
  AGENTRUN_OIDC_TENANTS_CLAIM: text('Claim that names the tenants that the bearer acts for: a list, or words', {
    default: 'agentrun_tenants',
  }),
  AGENTRUN_OIDC_ALL_TENANTS_CLAIM: optionalText(
    'Claim that makes an operator of all tenants, where it is or holds AGENTRUN_OIDC_ALL_TENANTS_VALUE; nobody is one without',
  ),
  AGENTRUN_OIDC_ALL_TENANTS_VALUE: optionalText('What that claim must be or hold'),
  AGENTRUN_OIDC_ALGORITHMS: text('Signature algorithms that are taken, comma-separated', {
    default: 'RS256,PS256,ES256,EdDSA',
  }),
  AGENTRUN_OIDC_CLOCK_TOLERANCE_SECONDS: count('How far the clocks of issuer and manager may differ', {
    minimum: 0,
    maximum: 300,
    default: 30,
  }),
};

type OidcVariables = Static<Type.TObject<typeof OIDC_SETTINGS>>;

/** What is taken of an issuer, checked. */
export interface OidcTrust {
  readonly issuer: string;
  readonly audience: string;
  /** Undefined: found by discovery. */
  readonly jwksUrl: string | undefined;
  readonly nameClaim: string;
  readonly tenantsClaim: string;
  /** Undefined: no token is an operator of all tenants. */
  readonly allTenants: { readonly claim: string; readonly value: string } | undefined;
  readonly algorithms: readonly string[];
  readonly clockToleranceSeconds: number;
}

/** Undefined where no issuer is trusted. @throws ConfigurationError that names the variable. */
export function readOidc(settings: OidcVariables): OidcTrust | undefined {
  const { AGENTRUN_OIDC_ISSUER: issuer, AGENTRUN_OIDC_AUDIENCE: audience } = settings;
  if (issuer === undefined) return undefined;
  if (audience === undefined) {
    throw new ConfigurationError('AGENTRUN_OIDC_AUDIENCE is not set: tokens for others must not be taken');
  }
  return {
    issuer: trustworthy('AGENTRUN_OIDC_ISSUER', issuer),
    audience,
    jwksUrl: settings.AGENTRUN_OIDC_JWKS_URL && trustworthy('AGENTRUN_OIDC_JWKS_URL', settings.AGENTRUN_OIDC_JWKS_URL),
    nameClaim: settings.AGENTRUN_OIDC_NAME_CLAIM,
    tenantsClaim: settings.AGENTRUN_OIDC_TENANTS_CLAIM,
    allTenants: readAllTenants(settings),
    algorithms: readAlgorithms(settings.AGENTRUN_OIDC_ALGORITHMS),
    clockToleranceSeconds: settings.AGENTRUN_OIDC_CLOCK_TOLERANCE_SECONDS,
  };
}

function readAllTenants(settings: OidcVariables): OidcTrust['allTenants'] {
  const { AGENTRUN_OIDC_ALL_TENANTS_CLAIM: claim, AGENTRUN_OIDC_ALL_TENANTS_VALUE: value } = settings;
  if (claim === undefined && value === undefined) return undefined;
  if (claim !== undefined && value !== undefined) return { claim, value };
  const [absent, given] = claim === undefined ? ['CLAIM', 'VALUE'] : ['VALUE', 'CLAIM'];
  throw new ConfigurationError(
    `AGENTRUN_OIDC_ALL_TENANTS_${absent} is not set: AGENTRUN_OIDC_ALL_TENANTS_${given} says nothing without it`,
  );
}

function readAlgorithms(words: string): string[] {
  const algorithms = words.split(',').map((word) => word.trim());
  if (algorithms.every((algorithm) => ALGORITHMS.includes(algorithm))) return algorithms;
  throw new ConfigurationError(`AGENTRUN_OIDC_ALGORITHMS must be some of ${ALGORITHMS.join(', ')}`);
}

/** Whoever can alter the keys on their way makes tokens of their own. */
function trustworthy(variable: string, address: string): string {
  if (!URL.canParse(address)) throw new ConfigurationError(`${variable} is not a URL`);
  if (isTrustworthy(address)) return address;
  throw new ConfigurationError(`${variable} must begin with https://, unless it is on this machine`);
}

function isTrustworthy(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
