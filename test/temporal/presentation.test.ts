import assert from 'node:assert/strict';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import { historyFacts } from '../../src/temporal/history-facts.js';
import { summaryOf, type HistoryEvent } from '../../src/temporal/history-events.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

type Summarized = 'activityTaskScheduledEventAttributes' | 'timerStartedEventAttributes';

describe('a run in the Temporal UI', () => {
  let manager: TestManager;
  let api: Api;
  let link: TemporalLink;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager();
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
});
