import type { CredentialType } from '../../contract/provider-profile.js';
import type { ProfileKind } from '../../domain/profiles.js';
import { checkAcpConfig, credentialNeedOfAcp } from './acp-config.js';
import { checkCodexConfig, credentialNeedOfCodex, type CredentialNeed } from './codex-config.js';
import { redactConfig, type Redacted } from './redact-config.js';

/** What differs between the kinds of profiles: how their files are read. */
interface ProfileKindRules {
  /** @throws schema-invalid, naming `config` and the place in it. */
  checkConfig(text: string): void;
  /** Of a file that was checked; of no file where undefined. */
  credentialNeed(text: string | undefined): CredentialNeed;
  redact(text: string, secrets: readonly string[]): Redacted;
  readonly credentialTypes: readonly CredentialType[];
  /** The agent itself gets the credential, and so do the commands that it runs; else it stays with the runner. */
  readonly credentialReachesAgent: boolean;
}

export const PROFILE_KIND_RULES: Record<ProfileKind, ProfileKindRules> = {
  codex: {
    checkConfig: checkCodexConfig,
    credentialNeed: credentialNeedOfCodex,
    redact: redactConfig,
    credentialTypes: ['api-key', 'auth-json'],
    credentialReachesAgent: false,
  },
  acp: {
    checkConfig: checkAcpConfig,
    credentialNeed: credentialNeedOfAcp,
    redact: redactConfig,
    credentialTypes: ['api-key'],
    credentialReachesAgent: true,
  },
};
