/**
 * Triggers that write down every change of a status, an attempt or a lease, in the order of the changes: what is read now and then shows
 * states, and misses what was between.
 */
export const AUDIT = `
CREATE TABLE fault_audit (
  n bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT clock_timestamp(), thing text NOT NULL, id text NOT NULL, was json, becomes json NOT NULL
);
CREATE FUNCTION fault_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) END;
  becomes jsonb := to_jsonb(NEW);
BEGIN
  IF TG_OP = 'UPDATE' AND (SELECT bool_and(was -> c IS NOT DISTINCT FROM becomes -> c) FROM unnest(TG_ARGV) AS c) THEN
    RETURN NULL;
  END IF;
  INSERT INTO fault_audit (thing, id, was, becomes) SELECT TG_TABLE_NAME, coalesce(becomes ->> 'id', becomes ->> 'run_id'),
    (SELECT json_object_agg(c, was -> c) FROM unnest(TG_ARGV) AS c WHERE was IS NOT NULL),
    (SELECT json_object_agg(c, becomes -> c) FROM unnest(TG_ARGV) AS c);
  RETURN NULL;
END $$;
CREATE TRIGGER fault_audit AFTER INSERT OR UPDATE ON runs FOR EACH ROW
  EXECUTE FUNCTION fault_audit('status', 'attempt', 'terminal_status', 'claimed_by');
CREATE TRIGGER fault_audit AFTER INSERT OR UPDATE ON commands FOR EACH ROW
  EXECUTE FUNCTION fault_audit('state', 'attempt', 'superseded_by');
CREATE TRIGGER fault_audit AFTER INSERT OR UPDATE ON tasks FOR EACH ROW
  EXECUTE FUNCTION fault_audit('state', 'phase', 'attempt', 'dispatched_at');
CREATE TRIGGER fault_audit AFTER INSERT OR UPDATE ON run_leases FOR EACH ROW
  EXECUTE FUNCTION fault_audit('attempt', 'alive', 'runner_id', 'ended');
CREATE TRIGGER fault_audit AFTER INSERT OR UPDATE ON runner_jobs FOR EACH ROW
  EXECUTE FUNCTION fault_audit('status', 'attempt', 'job_name');
CREATE TRIGGER fault_audit AFTER INSERT OR UPDATE ON sessions FOR EACH ROW
  EXECUTE FUNCTION fault_audit('execution_state', 'active_run_id', 'last_run_id', 'terminal_status', 'news', 'storage_state');
`;

/** A change as the triggers wrote it down. */
export interface Change<State> {
  readonly n: number;
  readonly at: Date;
  readonly id: string;
  readonly was: State | null;
  readonly becomes: State;
}
