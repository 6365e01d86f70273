import assert from 'node:assert/strict';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import { historyFacts } from '../../src/temporal/history-facts.js';
import { summaryOf, type HistoryEvent } from '../../src/temporal/history-events.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';
import { documentedQueries, prepareForQueries, runDocumented } from './ui-document.js';

type Summarized = 'activityTaskScheduledEventAttributes' | 'timerStartedEventAttributes';

describe('a run in the Temporal UI', () => {
  let manager: TestManager;
  let api: Api;
  let link: TemporalLink;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager({ AGENTRUN_CANCEL_GRACE_MS: '600000' });
    api = new Api(manager.url, manager.operatorToken);
    link = connectTemporal(manager.temporal);
  });
  after(async () => {
    await link.close();
    await manager.stop();
  });

  /** Run ids that a list of workflows with this query holds. */
  async function found(query: string): Promise<string[]> {
    const ids: string[] = [];
    for await (const { workflowId } of link.client.workflow.list({ query })) ids.push(workflowId);
    return ids;
  }

  const details = async (workflowId: string): Promise<string> => {
    const handle = link.client.workflow.getHandle(workflowId);
    const metadata = await handle.query<Loose>('__temporal_workflow_metadata');
    return metadata.currentDetails as string;
  };

  it('is found while its agent waits for input, and says what to do', async () => {
    const run = await api.createRun();
    const turn = await api.addTurn(run.id, 'x');
    const runner = await ForeignRunner.claim(api, run.id);
    await runner.ack(turn.id);
    await api.patch(`/api/v1/commands/${turn.id}/status`, { terminalStatus: 'blocked', failureMessage: 'which one?' });
    const waiting = `WorkflowType = 'runWorkflow' AND AgentRunPhase = 'needs-input' AND AgentRunTenant = 'acme'`;
    await eventually(
      async () => found(waiting),
      (ids) => ids.includes(run.workflowId as string),
    );
    const told = await details(run.workflowId);
    assert.match(told, /^\*\*needs-input\*\*: attempt 1 of 3/);
    assert.match(told, /- next: answer with a further turn; “lease backstop” at /);
    const answer = await api.addTurn(run.id, 'that one');
    await runner.ack(answer.id);
    await eventually(
      async () => found(waiting),
      (ids) => !ids.includes(run.workflowId as string),
    );
    assert.match(await details(run.workflowId), /^\*\*turn-running\*\*/);
    await runner.finishRun({ terminalStatus: 'completed' });
  }).timeout(60_000);

  it('names what each activity is about, and what each timer is for', async () => {
    const run = await api.createRun();
    const { namespace } = link.client.options;
    const execution = { workflowId: run.workflowId as string };
    const history = async (): Promise<HistoryEvent[]> =>
      (await link.client.workflowService.getWorkflowExecutionHistory({ namespace, execution })).history?.events ?? [];
    const summaries = (events: HistoryEvent[], of: Summarized) => events.filter((event) => event[of]).map(summaryOf);
    const timers = async () => summaries(await history(), 'timerStartedEventAttributes');
    await eventually(timers, (names) => names.length > 0);
    await api.post(`/api/v1/runs/${run.id}/cancel`);
    await link.client.workflow.getHandle(execution.workflowId).result();
    const events = await history();
    // Between them the run itself may have had to write, on a machine that does much else.
    const named = summaries(events, 'activityTaskScheduledEventAttributes');
    assert.deepEqual(
      [named[0], named.at(-1)],
      ['Have those who asked written what they were answered?', 'cancelled, attempt 1'],
    );
    assert.deepEqual(await timers(), ['unclaimed']);
    assert.ok(historyFacts(events).facts.some(({ what }) => what === 'activity-ended'));
  });

  describe('as docs/temporal-ui.md tells it', function () {
    this.timeout(120_000);
    let things: Record<string, Loose>;

    before(async () => {
      things = await prepareForQueries(api, link);
    });

    /** Names of those that were prepared. */
    const named = (ids: readonly string[]) =>
      Object.entries(things)
        .filter(([, { workflowId }]) => ids.includes(workflowId as string))
        .map(([name]) => name)
        .sort();

    /** Waits for it: visibility lags behind. */
    const finds = async (query: string, expected: readonly string[], timeoutMs = 60_000) =>
      eventually(
        async () => named(await found(query)),
        (names) => String(names) === String([...expected].sort()),
        timeoutMs,
      );

    it('is found by each of its queries', async () => {
      const { startTime } = await link.client.workflow.getHandle(things['waiting']!.workflowId as string).describe();
      const queries = documentedQueries(new Date(startTime.getTime() + 1));
      assert.deepEqual(Object.keys(queries).sort(), Object.keys(FOUND).sort());
      for (const [whom, names] of Object.entries(FOUND).filter(([whom]) => whom !== STUCK)) {
        await finds(queries[whom]!, names).catch((error: unknown) => assert.fail(`${whom}: ${String(error)}`));
      }
      const { workflowId } = things['live']!;
      const ofSession = await found(queries['one session, its runs of before too']!);
      assert.deepEqual(ofSession, [workflowId, workflowId]);
    });

    const statusOf = async ({ id }: Loose): Promise<Loose> => api.get(`/api/v1/runs/${id}`);

    it('ends as cancelled by a cancel, and as failed by being terminated, once somebody asks', async () => {
      const { retrying, terminated } = things;
      await link.client.workflow.getHandle(retrying!.workflowId as string).cancel();
      await eventually(
        async () => statusOf(retrying),
        ({ terminalStatus }) => terminalStatus === 'cancelled',
      );
      await api.post(`/api/v1/runs/${terminated!.id}/cancel`);
      const { status, failureKind } = await statusOf(terminated);
      assert.deepEqual([status, failureKind], ['failed', 'infra-failed']);
    });

    it('takes no harm from a signal that is about another attempt', async () => {
      const { needsInput } = things;
      const handle = link.client.workflow.getHandle(needsInput!.workflowId as string);
      for (const signal of ['leaseExpired', 'runnerExited'])
        await handle.signal(signal, { runId: needsInput!.id, attempt: 7, reason: 'exited', exitCode: 1 });
      // The query is answered after what came before it.
      const { phase, attempt } = await handle.query<Loose>('runState');
      assert.deepEqual([phase, attempt], ['needs-input', 1]);
    });

    it('is one of many that the documented commands signal and cancel at once', async () => {
      const { queue, waiting, globex } = things;
      const signals = async () => {
        const { events } = await link.client.workflow.getHandle(queue!.workflowId as string).fetchHistory();
        return (events ?? []).filter(
          (event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'queueChanged',
        );
      };
      const before = (await signals()).length;
      await runDocumented('temporal workflow signal', manager.temporal);
      await eventually(signals, ({ length }) => length > before);
      // One such batch runs at a time.
      await eventually(
        async () => link.client.workflowService.listBatchOperations({ namespace: manager.temporal.namespace }),
        ({ operationInfo }) => operationInfo.length === 1 && Number(operationInfo[0]?.state) === BATCH_COMPLETED,
      );
      await runDocumented('temporal workflow cancel', manager.temporal);
      await eventually(
        async () => statusOf(waiting),
        ({ terminalStatus }) => terminalStatus === 'cancelled',
      );
      assert.equal((await statusOf(globex)).terminalStatus, null);
    });

    // The last, for the server tries five times, longer and longer apart, before it calls that a problem.
    it('is found where its code fails again and again', async () => {
      await finds(documentedQueries(new Date())[STUCK]!, FOUND[STUCK]!, 150_000);
      await link.client.workflow.getHandle(things['stuck']!.workflowId as string).terminate('seen');
    }).timeout(180_000);
  });
});

/** As the server numbers the states of a batch (temporal.api.enums.v1.BatchOperationState). */
const BATCH_COMPLETED = 2;
const STUCK = 'stuck: its code fails again and again';

/** Whom each query of the document finds among those that are prepared. */
const FOUND: Readonly<Record<string, readonly string[]>> = {
  'waiting for input': ['needsInput'],
  'no runner has come': ['waiting', 'globex', 'retrying'],
  '… for more than ten minutes': ['waiting'],
  [STUCK]: ['stuck'],
  'being cancelled': ['cancelling'],
  'all of one tenant': ['waiting', 'needsInput', 'cancelling', 'retrying', 'live', 'task'],
  'one session, its runs of before too': ['live'],
  'runs of one backend that failed': ['failed'],
  'tasks of a queue that wait for a slot': ['task'],
  'ended from outside, not by us': ['terminated'],
};
