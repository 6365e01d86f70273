import type pg from 'pg';

/** A statement; with a name it is parsed once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A way to run SQL: the pool (one statement over any connection), a transaction, a session. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
}
