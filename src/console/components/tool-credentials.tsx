import { useState } from 'preact/hooks';
import type { ToolCredential } from '../../client/index.js';
import { useConsole } from '../api/console-context.js';
import { usePoll } from '../api/use-poll.js';
import { clock } from '../model/times.js';
import { Facts } from './facts.js';
import { Problem } from './problem.js';
import { SecretForm } from './secret-form.js';

/** Keys that runners clone with: their public half is told, never the key. */
export function ToolCredentials() {
  const { client } = useConsole();
  const credentials = usePoll(async () => (await client.installation.toolCredentials()).items, 30_000, [client]);
  if (credentials.error !== undefined && credentials.data === undefined)
    return <Problem error={credentials.error} retry={credentials.refresh} />;
  return (
    <div class="cards">
      {(credentials.data ?? []).map((credential) => (
        <CredentialCard key={credential.name} credential={credential} onChanged={credentials.refresh} />
      ))}
    </div>
  );
}

function CredentialCard({
  credential,
  onChanged,
}: {
  readonly credential: ToolCredential;
  readonly onChanged: () => void;
}) {
  const { client } = useConsole();
  const [isSetting, setSetting] = useState(false);
  const { name, configured, type, bits, fingerprint, comment, knownHostsCount, knownHostsSource, reason, updatedAt } =
    credential;
  return (
    <article class="card" aria-label={`Credential ${name}`}>
      <div class="card-head">
        <h3>{name}</h3>
        <span class={configured && reason === null ? 'tone-done' : 'dim'}>{configured ? '✓ set' : 'not set'}</span>
      </div>
      {reason !== null && <p class="tone-failed">{reason}</p>}
      <Facts
        facts={[
          ['Type', type && `${type}${bits === null ? '' : `, ${bits} bits`}`],
          ['Fingerprint', fingerprint && <code key="fingerprint">{fingerprint}</code>],
          ['Comment', comment],
          ['Known hosts', knownHostsSource && `${knownHostsCount}, ${knownHostsSource}`],
          ['Set', updatedAt && clock(updatedAt, Date.now())],
        ]}
      />
      <div class="actions">
        <button type="button" aria-expanded={isSetting} onClick={() => setSetting(!isSetting)}>
          {configured ? 'Replace the key…' : 'Set a key…'}
        </button>
      </div>
      {isSetting && (
        <SecretForm
          label={`Private key of ${name}`}
          isLong
          onSave={async (privateKey) => {
            await client.installation.setToolCredential(name, { privateKey });
            setSetting(false);
            onChanged();
          }}
        />
      )}
    </article>
  );
}
