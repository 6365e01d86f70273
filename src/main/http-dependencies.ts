import { createAuthenticator } from '../auth/authenticate.js';
import { oidcTokens } from '../auth/oidc-tokens.js';
import { OperatorTokens } from '../auth/operator-tokens.js';
import { signedClaimTokens, signedRunnerTokens } from '../auth/runner-tokens.js';
import { readOperators, type Settings } from '../config.js';
import { readOidc } from '../config/oidc-settings.js';
import { readTraceUiUrl } from '../config/telemetry-settings.js';
import type { HttpDependencies } from '../http/dependencies.js';
import { observeRequests } from '../telemetry/observe-requests.js';
import type { Keys } from './keys.js';
import type { ManagerOptions, ManagerParts } from './manager-parts.js';

/** What requests are answered with; the console's files are the API's alone. */
export function httpDependencies(
  options: ManagerOptions,
  { postgres, telemetry, operations }: Omit<ManagerParts, 'temporal'>,
): HttpDependencies {
  const { settings, platform, keys, logger } = options;
  const operators = operatorTokens(settings, keys);
  const trust = readOidc(settings);
  return {
    operations,
    authenticator: createAuthenticator(
      operators,
      signedRunnerTokens(keys.runnerTokenKey),
      signedClaimTokens(keys.runnerTokenKey),
      trust && oidcTokens(trust),
    ),
    logger,
    telling: observeRequests(telemetry.tracing, telemetry.metrics),
    probes: {
      database: async () => postgres.ready(),
      temporal: async () => operations.gateway.ready(),
      platform: async () => platform.ready(),
    },
    settings: {
      sourceCommit: settings.AGENTRUN_SOURCE_COMMIT,
      databaseAdapter: 'postgres',
      databaseUrlUsed: true,
      platformKind: platform.kind,
      temporalUiUrl: settings.AGENTRUN_TEMPORAL_UI_URL ?? options.temporalUiUrl ?? null,
      temporalNamespace: settings.AGENTRUN_TEMPORAL_NAMESPACE,
      traceUiUrlTemplate: readTraceUiUrl(settings) ?? null,
      operatorTokens: operators.count,
      bodyLimitBytes: settings.AGENTRUN_MAX_BODY_BYTES,
      rateLimits: {
        operatorPerSecond: settings.AGENTRUN_RATE_LIMIT_PER_SECOND,
        operatorOpen: settings.AGENTRUN_OPEN_REQUESTS_PER_OPERATOR,
        badTokensPerSecond: settings.AGENTRUN_BAD_TOKENS_PER_SECOND,
      },
    },
  };
}

/** Tokens from the settings; without any, the one that was made for this installation. */
function operatorTokens(settings: Settings, keys: Keys): OperatorTokens {
  const configured = readOperators(settings);
  return new OperatorTokens(
    configured.length > 0 ? configured : [{ name: 'operator', token: keys.operatorToken, tenants: 'all' }],
  );
}
