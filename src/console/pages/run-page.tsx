import { useMemo } from 'preact/hooks';
import type { AgentRun } from '../../client/index.js';
import { useConsole } from '../api/console-context.js';
import { runSource } from '../api/conversation-source.js';
import { useConversation } from '../api/use-conversation.js';
import { usePoll } from '../api/use-poll.js';
import { useRefreshOnNews } from '../api/use-refresh-on-news.js';
import type { ComposerMode } from '../components/composer.js';
import { ConversationView } from '../components/conversation-view.js';
import { Problem } from '../components/problem.js';
import { isTurnLive } from '../model/commands.js';
import type { EventRef } from '../model/place.js';
import type { RunFacts } from '../model/run-facts.js';
import { RunHead } from './run-head.js';
import { RunRail } from './run-rail.js';

const POLL_MS = 3_000;

/** A run: the cause first, then its attempts, then everything that happened. */
export function RunPage({ id, at }: { readonly id: string; readonly at: EventRef | null }) {
  const { client } = useConsole();
  const source = useMemo(() => runSource(client, id), [client, id]);
  const conversation = useConversation(source);
  const facts = usePoll(() => askRun(client, id), POLL_MS, [client, id]);
  useRefreshOnNews(conversation, [facts.refresh]);
  const { data } = facts;
  if (data === undefined) {
    if (facts.error !== undefined) return <Problem error={facts.error} retry={facts.refresh} />;
    return <p class="empty">Loading…</p>;
  }
  return (
    <div class="page page-conversation">
      <div class="page-main">
        <RunHead facts={data} polled={facts} intervalMs={POLL_MS} conversation={conversation} />
        <ConversationView
          conversation={conversation}
          ofRun
          at={at}
          commands={data.commands}
          mode={modeOf(data)}
          onRead={() => undefined}
        />
      </div>
      <RunRail facts={data} conversation={conversation} />
    </div>
  );
}

async function askRun(client: AgentRun, id: string): Promise<RunFacts> {
  const [run, result, jobs, commands] = await Promise.all([
    client.runs.get(id),
    client.runs.result(id),
    client.runs.runnerJobs(id),
    client.runs.commands(id, { limit: 500 }),
  ]);
  return { run, result, jobs: jobs.items, commands: commands.items };
}

function modeOf({ run, commands, result }: RunFacts): ComposerMode | null {
  if (run.terminalStatus !== null) return null;
  if (isTurnLive(commands)) return 'steer';
  return result.liveness.phase === 'idle' ? 'send' : 'next-turn';
}
