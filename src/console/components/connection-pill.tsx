import { useNow } from '../api/use-poll.js';
import type { Connection } from '../api/conversation.js';
import { clock } from '../model/times.js';

/** Whether what is shown is what is; a connection that is lost says nothing of the run. */
export function ConnectionPill({ connection }: { readonly connection: Connection }) {
  const nowMs = useNow();
  const [tone, words] = wordsOf(connection, nowMs);
  return (
    <span class={`pill pill-${tone}`} title={connection.state === 'lost' ? connection.message : undefined}>
      {words}
    </span>
  );
}

function wordsOf(connection: Connection, nowMs: number): [tone: string, words: string] {
  switch (connection.state) {
    case 'connecting':
      return ['dim', 'Connecting…'];
    case 'live':
      return ['live', 'Live'];
    case 'resting':
      return ['dim', 'Paused in the background'];
    case 'ended':
      return ['dim', 'Complete'];
    case 'lost':
      return ['lost', `Reconnecting, as of ${clock(new Date(connection.sinceMs).toISOString(), nowMs)}`];
  }
}
