import type { Client } from '@temporalio/client';
import { AgentRunError } from '../domain/errors.js';
import { RunRefused } from '../domain/refusals.js';
import type { Answer, FromSender } from '../domain/run-messages.js';
import type { ProjectionResult, RunSnapshot } from '../domain/run-snapshot.js';
import type { RunAddress } from '../ports/run-gateway.js';
import type { RunStore } from '../ports/run-store.js';
import { writeDownUpdate } from '../../workflows/run/messages.js';
import { answered } from './answered.js';

export type Records = Pick<RunStore, 'projectRun'>;

interface WrittenAnswer<A> {
  readonly answer: A;
  /** Of the commands asked about, those that the workflow has forgotten, since nobody had written them down. */
  readonly forgotten: readonly string[];
  /** The run is another execution's: it was over before. */
  readonly isForeign: boolean;
}

/**
 * Writes what a workflow's answer says it has decided. That is durable in its history by then; should this process die before it is
 * written, the workflow writes it a moment later, as it does where it cannot be written as it is.
 */
export class AnswerWriter {
  constructor(
    private readonly client: Client,
    private readonly records: Records | undefined,
  ) {}

  get writes(): boolean {
    return this.records !== undefined;
  }

  /** The message with the word that its answer will be written here. */
  signed<M extends FromSender>(message: M): M {
    return this.writes ? { ...message, senderWrites: true } : message;
  }

  /** @throws unavailable('database') when the records cannot be reached. */
  async write<A extends object>(
    address: RunAddress,
    answer: Answer<A> | undefined,
    commandIds: readonly string[] = [],
  ): Promise<WrittenAnswer<A>> {
    const { snapshot, ...plain } = answer ?? ({} as Answer<A>);
    const written = { answer: plain as A, forgotten: [], isForeign: false };
    if (snapshot === undefined || this.records === undefined) return written;
    const result = await projected(this.records, snapshot);
    if (result === 'written' || result === 'stale') return written;
    const message = { runId: snapshot.runId, commandIds };
    return { ...written, isForeign: result === 'foreign', ...(await this.leave(address, message)) };
  }

  /** What cannot be written here the workflow meets as well: it knows what is to be forgotten, and whether the run is its own. */
  private async leave({ workflowId }: RunAddress, message: { runId: string; commandIds: readonly string[] }) {
    try {
      return await answered(this.client, async () =>
        this.client.workflow.getHandle(workflowId).executeUpdate(writeDownUpdate, { args: [message] }),
      );
    } catch (error) {
      // One that has closed has written all it could.
      if (error instanceof RunRefused) return {};
      throw error;
    }
  }
}

async function projected(records: Records, snapshot: RunSnapshot): Promise<ProjectionResult | 'refused'> {
  try {
    return await records.projectRun(snapshot);
  } catch (error) {
    if (error instanceof AgentRunError && error.refusal === 'unavailable') throw error;
    return 'refused';
  }
}
