import { useMemo } from 'preact/hooks';
import type { AgentRun } from '../../client/index.js';
import { askRun } from '../api/ask-run.js';
import { useConsole } from '../api/console-context.js';
import type { Conversation } from '../api/conversation.js';
import { runSource } from '../api/conversation-source.js';
import { useConversation } from '../api/use-conversation.js';
import { usePoll } from '../api/use-poll.js';
import { useRefreshOnNews } from '../api/use-refresh-on-news.js';
import type { ComposerMode } from '../components/composer.js';
import { ConversationView } from '../components/conversation-view.js';
import { NextSteps } from '../components/next-steps.js';
import { Problem } from '../components/problem.js';
import { TimelineView } from '../components/timeline-view.js';
import { ViewLinks } from '../components/view-links.js';
import { liveTurnOf, lastPromptOf } from '../model/commands.js';
import type { EventRef, RunView } from '../model/place.js';
import type { RunFacts } from '../model/run-facts.js';
import { RunHead } from './run-head.js';
import { RunRail } from './run-rail.js';

const POLL_MS = 3_000;
/** Each time its history is read from Temporal; once a run has ended there is hardly more to come. */
const ENDED_TIMELINE_MS = 30_000;

interface RunPageProps {
  readonly id: string;
  readonly at: EventRef | null;
  readonly view?: RunView;
}

/** A run: the cause first, then its attempts, then everything that happened. */
export function RunPage({ id, at, view }: RunPageProps) {
  const { client } = useConsole();
  const source = useMemo(() => runSource(client, id), [client, id]);
  const conversation = useConversation(source);
  const facts = usePoll(() => askFacts(client, id), POLL_MS, [client, id]);
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
        <ViewLinks id={id} view={view} />
        {view === 'timeline' ? (
          <RunTimeline facts={data} conversation={conversation} onDone={facts.refresh} />
        ) : (
          <ConversationView
            conversation={conversation}
            ofRun
            at={at}
            commands={data.commands}
            mode={modeOf(data)}
            onRead={() => undefined}
          />
        )}
      </div>
      <RunRail facts={data} conversation={conversation} />
    </div>
  );
}

interface RunTimelineProps {
  readonly facts: RunFacts;
  readonly conversation: Conversation;
  readonly onDone: () => void;
}

function RunTimeline({ facts: { run, commands }, conversation, onDone }: RunTimelineProps) {
  const { client } = useConsole();
  const intervalMs = run.terminalStatus === null ? POLL_MS : ENDED_TIMELINE_MS;
  const polled = usePoll(() => client.runs.explain(run.id), intervalMs, [client, run.id]);
  useRefreshOnNews(conversation, [polled.refresh]);
  const { data, error } = polled;
  if (data === undefined) {
    return error === undefined ? <p class="empty">Loading…</p> : <Problem error={error} retry={polled.refresh} />;
  }
  return (
    <TimelineView explanation={data}>
      <NextSteps actions={data.next} run={run} lastPrompt={lastPromptOf(commands)} onDone={onDone} />
    </TimelineView>
  );
}

async function askFacts(client: AgentRun, id: string): Promise<RunFacts> {
  const [{ run, commands }, result, jobs] = await Promise.all([
    askRun(client, id),
    client.runs.result(id),
    client.runs.runnerJobs(id),
  ]);
  return { run, result, jobs: jobs.items, commands };
}

function modeOf({ run, commands, result }: RunFacts): ComposerMode | null {
  if (run.terminalStatus !== null) return null;
  if (liveTurnOf(commands) !== undefined) return 'steer';
  return result.liveness.phase === 'idle' ? 'send' : 'next-turn';
}
