import type { AipodSpecSummary } from '../contract/aipod-spec.js';
import type { BackendProfile } from '../contract/backend.js';
import type { Health } from '../contract/health.js';
import type { Installation as InstallationFacts } from '../contract/installation.js';
import type {
  ProfileConfig,
  ProfileConfigWrite,
  ProfileCredential,
  ProfileCredentialWrite,
  ProfileValidation,
  ProviderProfileList,
} from '../contract/provider-profile.js';
import type { RunnerRetentionReport } from '../contract/runner.js';
import type { ToolCredential, ToolCredentialList, ToolCredentialWrite } from '../contract/tool-credential.js';
import type { HttpClient } from './http-client.js';
import type { Page } from './page.js';

const PROFILES = '/api/v1/provider-profiles';

/** What belongs to the whole installation: its health, backends, profiles and credentials. Methods throw as those of `HttpClient` do. */
export class Installation {
  constructor(private readonly http: HttpClient) {}

  /** Who asks, and where the rest of the installation is. */
  facts(): Promise<InstallationFacts> {
    return this.http.get<InstallationFacts>('/api/v1/installation');
  }

  /** Answers also while a part is down. */
  health(): Promise<Health> {
    return this.http.get<Health>('/health');
  }

  backends(): Promise<{ items: BackendProfile[] }> {
    return this.http.get('/api/v1/backends');
  }

  profiles(): Promise<ProviderProfileList> {
    return this.http.get<ProviderProfileList>(PROFILES);
  }

  profileConfig(profile: string): Promise<ProfileConfig> {
    return this.http.get<ProfileConfig>(`${PROFILES}/${encodeURIComponent(profile)}/config`);
  }

  setProfileConfig(profile: string, write: ProfileConfigWrite): Promise<ProfileConfig> {
    return this.http.put<ProfileConfig>(`${PROFILES}/${encodeURIComponent(profile)}/config`, write);
  }

  setProfileCredential(profile: string, write: ProfileCredentialWrite): Promise<ProfileCredential> {
    return this.http.put<ProfileCredential>(`${PROFILES}/${encodeURIComponent(profile)}/credential`, write);
  }

  /** One real turn on the profile; `validation` tells what came of it. */
  validate(profile: string): Promise<ProfileValidation> {
    return this.http.post<ProfileValidation>(`${PROFILES}/${encodeURIComponent(profile)}/validate`, {});
  }

  validation(profile: string, validationId: string): Promise<ProfileValidation> {
    return this.http.get<ProfileValidation>(`${PROFILES}/${encodeURIComponent(profile)}/validations/${validationId}`);
  }

  toolCredentials(): Promise<ToolCredentialList> {
    return this.http.get<ToolCredentialList>('/api/v1/tool-credentials');
  }

  setToolCredential(name: ToolCredential['name'], write: ToolCredentialWrite): Promise<ToolCredential> {
    return this.http.put<ToolCredential>(`/api/v1/tool-credentials/${name}/credential`, write);
  }

  specs(): Promise<Page<AipodSpecSummary>> {
    return this.http.get<Page<AipodSpecSummary>>('/api/v1/aipod-specs');
  }

  /** What a cycle of the runners' retention would do now. */
  retention(): Promise<RunnerRetentionReport> {
    return this.http.post<RunnerRetentionReport>('/api/v1/runners/retention', { dryRun: true });
  }
}
