import type { CommandCreate, CommandList, CommandRecord } from '../contract/command.js';
import type { EventRecord } from '../contract/event.js';
import type { RunExplanation } from '../contract/explanation.js';
import type { RunResult } from '../contract/result.js';
import type { RunCreate, RunFinish, RunRecord } from '../contract/run.js';
import type { RunnerJobCreate, RunnerJobRecord } from '../contract/runner.js';
import type { RunStatus } from '../domain/run-lifecycle.js';
import type { HttpClient } from './http-client.js';
import type { Page, PageQuery } from './page.js';
import { tailEvents, type TailEnd, type TailOptions } from './tail-events.js';

const RUNS = '/api/v1/runs';

export interface RunQuery extends PageQuery {
  readonly status?: RunStatus;
  readonly sessionId?: string;
  readonly tenantId?: string;
}

export interface CommandQuery {
  readonly afterSeq?: number;
  readonly limit?: number;
  /** Only commands that have not ended. */
  readonly state?: 'open';
}

/** Runs: one runner's engagement each. Methods throw as those of `HttpClient` do. */
export class Runs {
  constructor(private readonly http: HttpClient) {}

  create(run: RunCreate): Promise<RunRecord> {
    return this.http.post<RunRecord>(RUNS, run);
  }

  list(query: RunQuery = {}): Promise<Page<RunRecord>> {
    return this.http.get<Page<RunRecord>>(RUNS, { query: { ...query } });
  }

  get(runId: string): Promise<RunRecord> {
    return this.http.get<RunRecord>(`${RUNS}/${runId}`);
  }

  /** What came of it so far, why, and what can be done next; of one command where given. */
  result(runId: string, commandId?: string): Promise<RunResult> {
    return this.http.get<RunResult>(`${RUNS}/${runId}/result`, { query: { commandId } });
  }

  /** All that happened to it, on one timeline, and why it is where it is. */
  explain(runId: string): Promise<RunExplanation> {
    return this.http.get<RunExplanation>(`${RUNS}/${runId}/explain`);
  }

  /** Ends an open run with that word; what is open of its commands is cancelled. */
  finish(runId: string, end: Partial<RunFinish>): Promise<RunRecord> {
    return this.http.patch<RunRecord>(`${RUNS}/${runId}/status`, end);
  }

  cancel(runId: string, reason?: string): Promise<RunRecord> {
    return this.http.post<RunRecord>(`${RUNS}/${runId}/cancel`, { reason });
  }

  /** Hands it a turn, a steer or an interrupt. */
  command(runId: string, command: Partial<CommandCreate>): Promise<CommandRecord> {
    return this.http.post<CommandRecord>(`${RUNS}/${runId}/commands`, command);
  }

  commands(runId: string, query: CommandQuery = {}): Promise<CommandList> {
    return this.http.get<CommandList>(`${RUNS}/${runId}/commands`, { query: { ...query } });
  }

  cancelCommand(commandId: string, reason?: string): Promise<CommandRecord> {
    return this.http.post<CommandRecord>(`/api/v1/commands/${commandId}/cancel`, { reason });
  }

  /** Asks the platform for a runner. */
  startRunner(runId: string, job: RunnerJobCreate = {}): Promise<RunnerJobRecord> {
    return this.http.post<RunnerJobRecord>(`${RUNS}/${runId}/runner-jobs`, job);
  }

  runnerJobs(runId: string): Promise<{ items: RunnerJobRecord[]; count: number; lastSeq: number }> {
    return this.http.get(`${RUNS}/${runId}/runner-jobs`);
  }

  events(runId: string, query: { afterSeq?: number; limit?: number } = {}): Promise<{ items: EventRecord[] }> {
    return this.http.get(`${RUNS}/${runId}/events`, { query });
  }

  /** Its events in order, each once, to the run's end, which is the return value; over broken connections too. */
  tail(runId: string, options?: TailOptions): AsyncGenerator<EventRecord, TailEnd, void> {
    return tailEvents(this.http, runId, options);
  }
}
