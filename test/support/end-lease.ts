interface Database {
  query(statement: string, values: unknown[]): Promise<unknown>;
}

/** As if it had run out, or all had where no run is named: by the clock, a slow machine could be late with what comes before. */
export async function endLease(database: Database, runId: string | null = null): Promise<void> {
  await database.query(
    `UPDATE run_leases SET expires_at = now() - interval '1 second', lease_ms = 0 WHERE $1::text IS NULL OR run_id = $1`,
    [runId],
  );
}
