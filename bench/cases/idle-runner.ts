import { eventually } from '../../test/support/eventually.js';
import type { Bed } from '../bed.js';
import { PhaseTail } from '../phase-tail.js';
import { compare, repeat, story, type Comparison, type Effort, type Step } from '../rounds.js';

/** A turn for a runner that is there and has nothing to do: from the send until a caller reads that the agent has begun. */
export async function idleRunnerCase(bed: Bed, { quick, warmUps, budgetMs }: Effort): Promise<Comparison> {
  const floor = 'bare update';
  const count = quick ? 2 : 5;
  const workflowId = await bed.bareTemporal.open();
  const session = await IdleSession.open(bed);
  try {
    return await compare({
      title: 'send to an idle runner → its agent has begun',
      rounds: quick ? 3 : 8,
      budgetMs: 2 * budgetMs,
      warmUps,
      floors: [floor],
      contenders: [
        repeat(floor, 4 * count, () => bed.bareTemporal.touch(workflowId)),
        story(count, (step) => session.turn(step)),
      ],
    });
  } finally {
    await session.close();
  }
}

class IdleSession {
  private constructor(
    private readonly bed: Bed,
    private readonly sessionId: string,
    private readonly runId: string,
    private readonly tail: PhaseTail,
  ) {}

  static async open(bed: Bed): Promise<IdleSession> {
    const sessionId = `bench-idle-${process.pid}`;
    const run = { tenantId: 'bench', projectId: 'bench', backendProfile: 'exec' };
    const sent = await bed.api.send('POST', `/api/v1/sessions/${sessionId}/send`, { prompt: 'true', run });
    const { id: runId } = sent.run;
    const session = new IdleSession(bed, sessionId, runId, new PhaseTail(bed.api, runId));
    await session.ended(sent.command.id);
    return session;
  }

  async turn(step: Step): Promise<void> {
    const { bed, sessionId, tail } = this;
    const id = await step('send to the session, until turn/started is read', async () => {
      const { command } = await bed.api.send('POST', `/api/v1/sessions/${sessionId}/send`, { prompt: 'true' });
      await tail.until('turn/started', command.id);
      return command.id;
    });
    await this.ended(id);
  }

  async close(): Promise<void> {
    this.tail.close();
    await this.bed.api.send('POST', `/api/v1/runs/${this.runId}/cancel`, {});
    await eventually('the end of the run', async () => {
      const { status } = await this.bed.api.send('GET', `/api/v1/runs/${this.runId}`);
      return status === 'cancelled' || undefined;
    });
  }

  /** What is sent before a turn has ended would steer it. */
  private async ended(commandId: string): Promise<void> {
    await eventually('the end of the turn', async () => {
      const { state } = await this.bed.api.send('GET', `/api/v1/runs/${this.runId}/commands/${commandId}`);
      return state === 'completed' || undefined;
    });
  }
}
