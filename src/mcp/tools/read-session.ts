import { Type } from 'typebox';
import type { AgentRun } from '../../client/agent-run.js';
import { Nullable, SessionId } from '../../contract/common.js';
import type { EventRecord } from '../../contract/event.js';
import { cutText } from '../cut-text.js';
import { howManyFit, readItems } from '../event-text.js';
import { defineTool, READS } from '../tool.js';

const PAGE = 200;

export const readSession = defineTool({
  name: 'read_session',
  title: 'Read a session',
  description:
    'What was said, done and printed in a session, in order. Without `cursor` it begins at the beginning, or with `last` at so many events before the end; ' +
    'give `cursor` of the answer for what came after it, also later. `more` says that there is more already.',
  hints: READS,
  input: Type.Object(
    {
      sessionId: SessionId,
      cursor: Type.Optional(Type.String({ description: '`cursor` of an earlier answer.' })),
      last: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: PAGE,
          description: 'The newest so many events; not together with cursor.',
        }),
      ),
      maxChars: Type.Integer({
        minimum: 1_000,
        maximum: 60_000,
        default: 16_000,
        description: 'Length of the answer.',
      }),
    },
    { additionalProperties: false, not: { required: ['cursor', 'last'] } },
  ),
  output: Type.Object({
    sessionId: SessionId,
    items: Type.Array(
      Type.Object({ runId: Type.String(), seq: Type.Integer(), type: Type.String(), text: Type.String() }),
    ),
    cursor: Nullable(Type.String({ description: 'Null where nothing was said yet.' })),
    more: Type.Boolean(),
  }),
  async run({ sessionId, cursor, last, maxChars }, { agentrun }) {
    const read = last === undefined ? forward : newest;
    const { events, ...place } = await read(agentrun, sessionId, { cursor, limit: last ?? PAGE, maxChars });
    const shorten = (text: string) => cutText(text, maxChars, 'of a single event; ask with a larger maxChars');
    const items = readItems(events).map((item) => ({ ...item, text: shorten(item.text) }));
    return { sessionId, items, ...place };
  },
});

interface Wanted {
  readonly cursor: string | undefined;
  readonly limit: number;
  readonly maxChars: number;
}

interface Part {
  readonly events: readonly EventRecord[];
  readonly cursor: string | null;
  readonly more: boolean;
}

/** Asked for again by number where not all fits, so that the cursor stands where the answer ends. */
async function forward({ sessions }: AgentRun, id: string, { cursor, limit, maxChars }: Wanted): Promise<Part> {
  const whole = await sessions.trace(id, { cursor, limit });
  const count = howManyFit(whole.items, maxChars);
  const page = count < whole.items.length ? await sessions.trace(id, { cursor, limit: count }) : whole;
  return { events: page.items, cursor: page.cursor ?? cursor ?? null, more: page.nextCursor !== undefined };
}

async function newest({ sessions }: AgentRun, id: string, { limit, maxChars }: Wanted): Promise<Part> {
  const { items } = await sessions.trace(id, { direction: 'backward', limit });
  const events = items.slice(items.length - howManyFit(items.toReversed(), maxChars));
  const last = events.at(-1);
  if (last === undefined) return { events, cursor: null, more: false };
  // The last event once more, for the cursor after it: the one that came with the page leads back.
  const end = await sessions.trace(id, { runId: last.runId, afterSeq: last.seq - 1, limit: 1 });
  return { events, cursor: end.cursor, more: end.nextCursor !== undefined };
}
