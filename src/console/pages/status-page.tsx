import type { Health } from '../../client/index.js';
import { useConsole } from '../api/console-context.js';
import { usePoll } from '../api/use-poll.js';
import { CopyMenu } from '../components/copy-menu.js';
import { Facts, Section } from '../components/facts.js';
import { AsOf, PageHead } from '../components/page-head.js';
import { Problem } from '../components/problem.js';
import { cliFor } from '../model/cli-words.js';

const POLL_MS = 5_000;

/** How the installation is: its parts, what runners find, and the backends. */
export function StatusPage() {
  const { client, installation, logOut } = useConsole();
  const health = usePoll(() => client.installation.health(), POLL_MS, [client]);
  const backends = usePoll(async () => (await client.installation.backends()).items, 30_000, [client]);
  const { uiUrl, namespace } = installation.temporal;
  return (
    <div class="page page-wide">
      <PageHead
        title="Health"
        why={
          health.data && (health.data.ready ? 'Everything that is needed is there.' : 'A part that is needed is down.')
        }
        pills={<AsOf polled={health} intervalMs={POLL_MS} />}
        actions={
          <>
            <CopyMenu commands={cliFor({ page: 'status' })} />
            {uiUrl !== null && (
              <a class="button" href={uiUrl} target="_blank" rel="noopener noreferrer">
                Temporal ↗
              </a>
            )}
            <button type="button" class="log-out-below" onClick={logOut}>
              Log out
            </button>
          </>
        }
      />
      {health.error !== undefined && <Problem error={health.error} retry={health.refresh} />}
      {health.data !== undefined && <Parts health={health.data} />}
      <Section title="Backends">
        <div class="cards">
          {(backends.data ?? []).map(({ name, kind, ready, reason, capabilities }) => (
            <article key={name} class="card">
              <div class="card-head">
                <h3>{name}</h3>
                <Ready ready={ready} />
              </div>
              {reason !== null && <p>{reason}</p>}
              <Facts
                facts={[
                  ['Kind', kind],
                  [
                    'Can',
                    Object.entries(capabilities)
                      .flatMap(([what, can]) => (can ? [what] : []))
                      .join(', '),
                  ],
                ]}
              />
            </article>
          ))}
        </div>
      </Section>
      <Section title="You">
        <Facts
          facts={[
            ['Operator', installation.operator.name],
            ['Tenants', installation.operator.tenants === null ? 'all' : installation.operator.tenants.join(', ')],
            ['Temporal namespace', namespace],
            ['Commit', <code key="commit">{installation.sourceCommit}</code>],
          ]}
        />
      </Section>
    </div>
  );
}

function Parts({ health }: { readonly health: Health }) {
  const { database, temporal, platform, runnerWorkReady } = health;
  const parts = [
    { name: `Database, ${database.adapter}`, ...database },
    { name: 'Temporal', ...temporal },
    { name: `Runners, ${platform.kind}`, ...platform },
  ];
  const tools = Object.entries(runnerWorkReady.tools);
  return (
    <div class="cards">
      {parts.map(({ name, ready, message }) => (
        <article key={name} class="card">
          <div class="card-head">
            <h3>{name}</h3>
            <Ready ready={ready} />
          </div>
          {message !== undefined && <p>{message}</p>}
        </article>
      ))}
      <article class="card">
        <div class="card-head">
          <h3>What runners find</h3>
          <Ready ready={runnerWorkReady.ready} />
        </div>
        <p>{tools.map(([tool, isThere]) => `${tool} ${isThere ? '✓' : '✕'}`).join(' · ')}</p>
      </article>
    </div>
  );
}

function Ready({ ready }: { readonly ready: boolean }) {
  return <span class={ready ? 'tone-done' : 'tone-failed'}>{ready ? '✓ ready' : '✕ not ready'}</span>;
}
