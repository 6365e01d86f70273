import type { EventRecord } from '../../contract/event.js';
import type { RunExplanation } from '../../contract/explanation.js';
import type { RunRecord } from '../../contract/run.js';
import { AgentRunError } from '../../domain/errors.js';
import type { EventType } from '../../domain/event-types.js';
import type { Principal } from '../../domain/principal.js';
import type { ExplainFacts } from '../../run-result/explain/explain-facts.js';
import { explainRun as explain } from '../../run-result/explain/explain-run.js';
import { requireRun } from '../access.js';
import type { OperationContext } from '../context.js';
import { readRunFacts } from './read-run-facts.js';

type Source = Pick<OperationContext, 'runs' | 'events' | 'leases' | 'jobs' | 'gateway' | 'log'>;

/** Events that tell what happened to a run; of a very long life its beginning and its end. */
const STORY = { types: ['backend_status', 'error', 'terminal_status'] satisfies EventType[], first: 100, last: 200 };

/** Why the run is where it is. Answers also while Temporal does not. @throws missing */
export async function explainRun(
  context: OperationContext,
  principal: Principal,
  runId: string,
): Promise<RunExplanation> {
  const run = await requireRun(context, principal, runId);
  return explain(await readExplainFacts(context, run));
}

export async function readExplainFacts(context: Source, record: RunRecord): Promise<ExplainFacts> {
  const [facts, jobs, story, lease, history] = await Promise.all([
    readRunFacts(context, record),
    context.jobs.list({ runId: record.id }),
    readStory(context, record.id),
    context.leases.read(record.id),
    readHistory(context, record),
  ]);
  // What is under way is so when all the rest was read: the history may tell of what came while the rows were.
  const run = { ...facts, nowMs: Date.now() };
  return { run, jobs, ...story, leaseRenewedAtMs: lease?.renewedAtMs ?? null, history };
}

async function readStory({ events }: Source, runId: string): Promise<Pick<ExplainFacts, 'story' | 'isStoryCut'>> {
  const { types, first, last } = STORY;
  const [oldest, newest] = await Promise.all([
    events.page({ runId, afterSeq: 0, limit: first, types }),
    events.tail({ runId, limit: last, types }),
  ]);
  const seen = oldest.at(-1)?.seq ?? 0;
  const rest = newest.filter(({ seq }) => seq > seen);
  return { story: [...oldest, ...rest], isStoryCut: isHole(oldest, newest) };
}

/** As long as the two meet, nothing lies between them. */
function isHole(oldest: readonly EventRecord[], newest: readonly EventRecord[]): boolean {
  if (oldest.length < STORY.first || newest.length < STORY.last) return false;
  return (newest[0]?.seq ?? 0) > (oldest.at(-1)?.seq ?? 0);
}

async function readHistory({ gateway, log }: Source, run: RunRecord): Promise<ExplainFacts['history']> {
  try {
    return (await gateway.readHistory(run, run.id)) ?? 'gone';
  } catch (error) {
    const isExpected = error instanceof AgentRunError && error.refusal === 'unavailable';
    if (!isExpected) log('a run’s history could not be read', { runId: run.id, error });
    return 'unavailable';
  }
}
