import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import pg from 'pg';

type Method = (this: unknown, ...given: unknown[]) => unknown;

const REQUEST_BEGINS = 'http.server.request.start';

/** Told to others after the answer, for many requests at once. */
const NOTIFY = 'notify';

/** The statements that each HTTP request to this process has sent to PostgreSQL, while `work` goes on: by `METHOD path`, in order. */
export async function statementsOfRequests(work: () => Promise<void>): Promise<ReadonlyMap<string, readonly string[]>> {
  const sent = new Map<string, string[]>();
  const ours = new AsyncLocalStorage<string[]>();
  const begin = (message: unknown) => {
    const { method, url } = (message as { request: IncomingMessage }).request;
    const statements: string[] = [];
    sent.set(`${method} ${url}`, statements);
    ours.enterWith(statements);
  };
  const send = Reflect.get(pg.Client.prototype, 'query') as Method;
  const noting: Method = function (...given) {
    const words = wordsOf(given[0]);
    if (words !== NOTIFY) ours.getStore()?.push(words);
    return Reflect.apply(send, this, given);
  };
  Reflect.set(pg.Client.prototype, 'query', noting);
  subscribe(REQUEST_BEGINS, begin);
  try {
    await work();
  } finally {
    unsubscribe(REQUEST_BEGINS, begin);
    Reflect.set(pg.Client.prototype, 'query', send);
  }
  return sent;
}

/** Its name, or how it begins. */
function wordsOf(statement: unknown): string {
  const { name, text } =
    typeof statement === 'string' ? { name: undefined, text: statement } : (statement as pg.QueryConfig);
  return name ?? text.trim().replaceAll(/\s+/g, ' ').slice(0, 100);
}
