import { ApiError, TransportError, type FailureFacts } from './http-errors.js';
import { deadlineSignal } from './deadline-signal.js';
import { pause } from './outage.js';

export { ApiError, TransportError, isRefusedBetween, mayRetry } from './http-errors.js';

export interface HttpClientOptions {
  /** The manager's address, with or without a path prefix and a final slash. */
  readonly baseUrl: string;
  readonly token?: string;
  /** Default for one request, answer included; 30,000. */
  readonly timeoutMs?: number;
  /** Headers of each request, asked for when it is made. */
  readonly headers?: () => Readonly<Record<string, string>>;
}

export interface RequestOptions {
  /** Entries that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Speaks the manager's HTTP contract: takes the data out of the envelope. Where the manager says when to come back (429 with
 * `Retry-After`: it has done nothing yet), waits and asks again, as long as there is time. A method throws `ApiError` for a refusal,
 * `TransportError` where no answer was had, and the signal's reason where the caller gave up.
 */
export class HttpClient {
  constructor(private readonly options: HttpClientOptions) {}

  /** The same manager, spoken to in another name. */
  withToken(token: string): HttpClient {
    return new HttpClient({ ...this.options, token });
  }

  get<T>(path: string, options?: RequestOptions): Promise<T> {
    return this.request<T>('GET', path, options);
  }

  post<T>(path: string, body: unknown, options?: RequestOptions): Promise<T> {
    return this.request<T>('POST', path, { ...options, body });
  }

  put<T>(path: string, body: unknown, options?: RequestOptions): Promise<T> {
    return this.request<T>('PUT', path, { ...options, body });
  }

  patch<T>(path: string, body: unknown, options?: RequestOptions): Promise<T> {
    return this.request<T>('PATCH', path, { ...options, body });
  }

  delete<T>(path: string, options?: RequestOptions): Promise<T> {
    return this.request<T>('DELETE', path, options);
  }

  async request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    const deadline = deadlineSignal(timeoutMs, options.signal);
    try {
      const response = await this.#fetch(method, path, options, deadline.signal);
      const text = await response.text();
      return dataOf(response, text) as T;
    } catch (error) {
      throw this.#explain(error, method, path, options.signal, timeoutMs);
    } finally {
      deadline.clear();
    }
  }

  /** Opens a long answer (Server-Sent Events). Only the wait for its beginning is limited; ends with `signal`. */
  async stream(path: string, options: RequestOptions = {}): Promise<Response> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    const deadline = deadlineSignal(timeoutMs, options.signal);
    try {
      const response = await this.#fetch('GET', path, options, deadline.signal);
      if (!response.ok) dataOf(response, await response.text());
      return response;
    } catch (error) {
      deadline.clear();
      throw this.#explain(error, 'GET', path, options.signal, timeoutMs);
    } finally {
      deadline.stopClock();
    }
  }

  async #fetch(method: Method, path: string, options: RequestOptions, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...this.options.headers?.(),
      ...options.headers,
    };
    if (this.options.token !== undefined) headers['authorization'] = `Bearer ${this.options.token}`;
    if (options.body !== undefined) headers['content-type'] = 'application/json; charset=utf-8';
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    // A redirect would carry the token to another address: nothing of ours redirects.
    const url = this.#url(path, options.query);
    const ask = () => fetch(url, { method, headers, body, signal, redirect: 'error' });
    let response = await ask();
    for (let waitMs = toldToWaitMs(response); waitMs !== undefined; waitMs = toldToWaitMs(response)) {
      // Whoever asked has less time than that: then it is told so now.
      if (waitMs > (options.timeoutMs ?? this.#timeoutMs)) break;
      await response.body?.cancel();
      await pause(waitMs, signal);
      response = await ask();
    }
    return response;
  }

  get #timeoutMs(): number {
    return this.options.timeoutMs ?? 30_000;
  }

  #url(path: string, query: RequestOptions['query'] = {}): URL {
    const url = new URL(`${this.options.baseUrl.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  #explain(error: unknown, method: string, path: string, signal: AbortSignal | undefined, timeoutMs: number): unknown {
    if (error instanceof ApiError || error instanceof TransportError) return error;
    if (signal?.aborted) return signal.reason;
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    const why = isTimeout ? `no answer within ${timeoutMs} ms` : reasonOf(error);
    return new TransportError(`${method} ${path.split('?')[0]}: ${why}`, { cause: error });
  }
}

/** fetch says only "fetch failed"; what happened is in its causes. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  const code = (cause as NodeJS.ErrnoException).code;
  return cause.message || code || cause.name;
}

/** A refusal without it (a queue that is full) may stay one for hours. */
function toldToWaitMs({ status, headers }: Response): number | undefined {
  const seconds = headers.get('retry-after') ?? '';
  return status === 429 && /^\d{1,6}$/.test(seconds) ? Math.max(Number(seconds) * 1_000, 100) : undefined;
}

function dataOf(response: Response, text: string): unknown {
  const envelope = parseObject(text);
  if (response.ok && envelope?.['ok'] === true) return envelope['data'];
  const failure = failureOf(response.status, envelope);
  if (failure && response.status < 500 && !response.ok) throw new ApiError(failure);
  const message = failure?.message ?? `HTTP ${response.status} without an answer of the manager's`;
  throw new TransportError(message, { status: response.status, failure });
}

function failureOf(status: number, envelope: Record<string, unknown> | undefined): FailureFacts | undefined {
  if (envelope?.['ok'] !== false || typeof envelope['failureKind'] !== 'string') return undefined;
  const error = (envelope['error'] ?? {}) as { details?: Record<string, unknown> };
  return {
    status,
    failureKind: envelope['failureKind'] as FailureFacts['failureKind'],
    message: typeof envelope['message'] === 'string' ? envelope['message'] : `HTTP ${status}`,
    details: error.details ?? {},
    traceId: typeof envelope['traceId'] === 'string' ? envelope['traceId'] : null,
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
