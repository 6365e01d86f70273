import { Api, type Answer } from './api.js';

/** Keeps every answer, by what was asked for. */
export class WatchedApi extends Api {
  constructor(
    url: string,
    private readonly bearer: string | undefined,
    readonly answers: [place: string, text: string][] = [],
  ) {
    super(url, bearer);
  }

  override as(token: string | undefined): WatchedApi {
    return new WatchedApi(this.url, token, this.answers);
  }

  override async request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    const answer = await super.request(method, path, body, headers);
    this.keep(path, JSON.stringify([answer.body, ...answer.headers]));
    return answer;
  }

  /** An answer that is not one JSON envelope, to a request that may not be one either. */
  async raw(method: string, path: string, body?: string): Promise<string> {
    const headers = { authorization: `Bearer ${this.bearer}`, 'content-type': 'application/json' };
    const text = await (await fetch(this.url + path, { method, headers, body })).text();
    this.keep(path, text);
    return text;
  }

  private keep(path: string, text: string): void {
    const place = path.endsWith('/claim') ? ' to claims' : path.includes('/events') ? ' of events' : '';
    this.answers.push([`answers${place}`, text]);
  }
}
