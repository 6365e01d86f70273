import { useState } from 'preact/hooks';
import type { ProfileValidation, ProviderProfile } from '../../client/index.js';
import { asError } from '../../domain/as-error.js';
import { useConsole } from '../api/console-context.js';
import { usePoll } from '../api/use-poll.js';
import { CopyMenu } from '../components/copy-menu.js';
import { Facts, Section } from '../components/facts.js';
import { Link } from '../components/link.js';
import { PageHead } from '../components/page-head.js';
import { Problem } from '../components/problem.js';
import { SecretForm } from '../components/secret-form.js';
import { ToolCredentials } from '../components/tool-credentials.js';
import { cliFor } from '../model/cli-words.js';
import { clock, spell } from '../model/times.js';

/** What agents reach their providers with. Secrets are set here and shown nowhere. */
export function ProfilesPage() {
  const { client } = useConsole();
  const profiles = usePoll(async () => (await client.installation.profiles()).items, 10_000, [client]);
  const specs = usePoll(async () => (await client.installation.specs()).items, 30_000, [client]);
  return (
    <div class="page page-wide">
      <PageHead
        title="Profiles and credentials"
        why="Secrets can be set here; nothing shows them again."
        actions={<CopyMenu commands={cliFor({ page: 'profiles' })} />}
      />
      {profiles.error !== undefined && <Problem error={profiles.error} retry={profiles.refresh} />}
      {profiles.data === undefined && profiles.error === undefined && <p class="empty">Loading…</p>}
      <div class="cards">
        {(profiles.data ?? []).map((profile) => (
          <ProfileCard key={profile.profile} profile={profile} onChanged={profiles.refresh} />
        ))}
      </div>
      <Section title="Tool credentials">
        <ToolCredentials />
      </Section>
      {(specs.data ?? []).length > 0 && (
        <Section title="AipodSpecs">
          <ul class="rail-list">
            {(specs.data ?? []).map(({ name, version }) => (
              <li key={name}>
                <span>{name}</span>
                <span class="dim number">version {version}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </div>
  );
}

function ProfileCard({ profile, onChanged }: { readonly profile: ProviderProfile; readonly onChanged: () => void }) {
  const { client } = useConsole();
  const [isSetting, setSetting] = useState(false);
  const { profile: name, kind, ready, reason, config, credential } = profile;
  return (
    <article class="card" aria-label={`Profile ${name}`}>
      <div class="card-head">
        <h3>{name}</h3>
        <span class={ready ? 'tone-done' : 'tone-needs-you'}>{ready ? '✓ ready' : '◆ not ready'}</span>
      </div>
      {reason !== null && <p>{reason}</p>}
      <Facts
        facts={[
          ['Kind', kind],
          ['Config', config.configured ? `set ${clock(config.updatedAt ?? '', Date.now())}` : 'not set'],
          [
            'Credential',
            credential.configured
              ? `${credential.type ?? ''}, set ${clock(credential.updatedAt ?? '', Date.now())}`
              : 'not set',
          ],
          ['Fingerprint', credential.fingerprint && <code key="fingerprint">{credential.fingerprint}</code>],
          [
            'Who can read it',
            credential.configured
              ? credential.reachesAgent
                ? 'the agent, in its environment'
                : 'the runner only'
              : null,
          ],
        ]}
      />
      <Validation profile={name} />
      <div class="actions">
        <button type="button" aria-expanded={isSetting} onClick={() => setSetting(!isSetting)}>
          {credential.configured ? 'Replace the key…' : 'Set a key…'}
        </button>
      </div>
      {isSetting && (
        <SecretForm
          label={`API key of ${name}`}
          onSave={async (apiKey) => {
            await client.installation.setProfileCredential(name, { apiKey });
            setSetting(false);
            onChanged();
          }}
        />
      )}
    </article>
  );
}

const LOOK_MS = 1_000;

/** One real turn on the profile, on demand. */
function Validation({ profile }: { readonly profile: string }) {
  const { client } = useConsole();
  const [validation, setValidation] = useState<ProfileValidation | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const validate = async () => {
    setError(null);
    try {
      let current = await client.installation.validate(profile);
      setValidation(current);
      while (current.state === 'running') {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        current = await client.installation.validation(profile, current.id);
        setValidation(current);
      }
    } catch (problem) {
      setError(asError(problem));
    }
  };
  const isRunning = validation?.state === 'running' && error === null;
  return (
    <div class="validation">
      <button type="button" disabled={isRunning} onClick={() => void validate()}>
        {isRunning ? 'Trying one turn…' : 'Try one real turn'}
      </button>
      {error !== null && <Problem error={error} />}
      {validation !== null && (
        <p>
          {validation.state === 'succeeded' && (
            <span class="tone-done">✓ it works, {spell(validation.latencyMs ?? 0)}. </span>
          )}
          {validation.state === 'failed' && <span class="tone-failed">✕ {validation.diagnosis} </span>}
          <Link to={{ page: 'run', id: validation.runId, at: null }}>its run</Link>
        </p>
      )}
    </div>
  );
}
