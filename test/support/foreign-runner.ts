import type { Answer, Api, Loose } from './api.js';

/** Why a request was refused, as its sender sees it. */
export interface Refusal {
  readonly status: number;
  readonly failureKind: string | undefined;
  readonly details: Loose;
}

export function refusalOf({ status, body }: Answer): Refusal {
  return { status, failureKind: body?.failureKind, details: body?.error?.details };
}

let numbered = 0;

/** A runner as anybody could write one: it claims with an operator's token, and speaks with the token that the claim answered. */
export class ForeignRunner {
  private constructor(
    readonly api: Api,
    /** The run as the claim answered it. */
    readonly run: Loose,
    readonly runnerId: string,
  ) {}

  static async claim(operator: Api, runId: string, given: Record<string, unknown> = {}): Promise<ForeignRunner> {
    const body = { runnerId: `foreign-${(numbered += 1)}`, ...given };
    const run = await operator.post(`/api/v1/runs/${runId}/claim`, body);
    return new ForeignRunner(operator.as(run.runnerToken), run, body.runnerId);
  }

  get attempt(): number {
    return this.run.attempt;
  }

  async renew(leaseMs?: number): Promise<Loose> {
    return this.api.patch(this.#path('lease'), { runnerId: this.runnerId, leaseMs });
  }

  /** Open commands after `afterSeq`, waiting up to `waitMs` for something to tell. */
  async poll({ afterSeq = 0, waitMs = 0 }: { afterSeq?: number; waitMs?: number } = {}): Promise<Loose> {
    return this.api.get(this.#path(`commands?state=open&afterSeq=${afterSeq}&waitMs=${waitMs}`));
  }

  async ack(commandId: string): Promise<Loose> {
    return this.api.post(`/api/v1/commands/${commandId}/ack`);
  }

  async finishCommand(
    commandId: string,
    body: Record<string, unknown> = { terminalStatus: 'completed' },
  ): Promise<Loose> {
    return this.api.patch(`/api/v1/commands/${commandId}/status`, body);
  }

  async finishRun(body: Record<string, unknown> = { terminalStatus: 'completed' }): Promise<Loose> {
    return this.api.patch(this.#path('status'), body);
  }

  async append(...events: Record<string, unknown>[]): Promise<Loose> {
    return this.api.post(this.#path('events'), { events });
  }

  #path(part: string): string {
    return `/api/v1/runs/${this.run.id}/${part}`;
  }
}
