import pg from 'pg';

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** How many statements this process sends while `work` runs. */
export async function countStatements(work: () => Promise<void>): Promise<number> {
  const send = Reflect.get(pg.Client.prototype, 'query') as Method;
  let statements = 0;
  const counting: Method = function (...given) {
    statements++;
    return Reflect.apply(send, this, given);
  };
  Reflect.set(pg.Client.prototype, 'query', counting);
  try {
    await work();
  } finally {
    Reflect.set(pg.Client.prototype, 'query', send);
  }
  return statements;
}
