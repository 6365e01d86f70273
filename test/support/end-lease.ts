interface Database {
  query(statement: string, values: unknown[]): Promise<unknown>;
}

/** As if it had run out: by the clock, a slow machine could be late with what comes before. */
export async function endLease(database: Database, runId: string): Promise<void> {
  await database.query(
    `UPDATE run_leases SET expires_at = now() - interval '1 second', lease_ms = 0 WHERE run_id = $1`,
    [runId],
  );
}
