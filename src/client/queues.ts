import type { QueueCommander, QueueRecord, QueueStats, QueueUpdate } from '../contract/queue.js';
import type { TenantBudget } from '../contract/tenant-budget.js';
import type { HttpClient } from './http-client.js';
import type { Page, PageQuery } from './page.js';

const QUEUES = '/api/v1/queue/queues';

/** Queues of tasks, and what somebody minding them must see. Methods throw as those of `HttpClient` do. */
export class Queues {
  constructor(private readonly http: HttpClient) {}

  list(query: PageQuery = {}): Promise<Page<QueueRecord>> {
    return this.http.get<Page<QueueRecord>>(QUEUES, { query: { ...query } });
  }

  update(name: string, update: QueueUpdate): Promise<QueueRecord> {
    return this.http.put<QueueRecord>(`${QUEUES}/${encodeURIComponent(name)}`, update);
  }

  /** Of one queue, or of all. */
  stats(queue?: string): Promise<QueueStats> {
    return this.http.get<QueueStats>('/api/v1/queue/stats', { query: { queue } });
  }

  commander(query: { queue?: string; readerId?: string; limit?: number } = {}): Promise<QueueCommander> {
    return this.http.get<QueueCommander>('/api/v1/queue/commander', { query });
  }

  budgets(query: PageQuery = {}): Promise<Page<TenantBudget>> {
    return this.http.get<Page<TenantBudget>>('/api/v1/queue/budgets', { query: { ...query } });
  }
}
