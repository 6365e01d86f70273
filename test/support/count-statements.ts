import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** How many statements `work` sends. What else this process does meanwhile, as a manager that other tests share, does not count. */
export async function countStatements(work: () => Promise<void>): Promise<number> {
  const ours = new AsyncLocalStorage<true>();
  const send = Reflect.get(pg.Client.prototype, 'query') as Method;
  let statements = 0;
  const counting: Method = function (...given) {
    if (ours.getStore()) statements++;
    return Reflect.apply(send, this, given);
  };
  Reflect.set(pg.Client.prototype, 'query', counting);
  try {
    await ours.run(true, work);
  } finally {
    Reflect.set(pg.Client.prototype, 'query', send);
  }
  return statements;
}
