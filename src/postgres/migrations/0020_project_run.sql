-- Every decision of a run's workflow writes one snapshot of it. That took six to eight statements, each a round trip while the run's row was
-- locked; now it is one. Processes of the version before go on with theirs, which lock the same rows in the same order.

-- What a snapshot makes of its session: `src/postgres/projection-session.ts` says what of it is decided where. A session's runs come one
-- after another, and each writes its last snapshot before the next begins: so the session follows whichever snapshot is written.
CREATE FUNCTION project_session(p_session_id text, p_run_id text, p_session json) RETURNS void LANGUAGE sql AS $$
  UPDATE sessions s SET
    execution_state = g.execution_state, active_run_id = g.active_run_id, active_command_id = g.active_command_id,
    last_run_id = p_run_id, last_command_id = coalesce(g.last_command_id, s.last_command_id),
    thread_id = coalesce(g.thread_id, s.thread_id),
    terminal_status = CASE WHEN g.has_outcome THEN g.terminal_status ELSE s.terminal_status END,
    failure_kind = CASE WHEN g.has_outcome THEN g.failure_kind ELSE s.failure_kind END,
    -- News is what a reader has not been told yet: the end of a turn, and that of a run where it says more than its last turn's.
    news = s.news + CASE
      WHEN EXISTS (
        SELECT FROM unnest(g.ended_turns) ended (id)
        WHERE NOT EXISTS (SELECT FROM commands c WHERE c.id = ended.id AND c.finished_at IS NOT NULL)
      ) THEN 1
      WHEN g.run_terminal_status IS NOT NULL AND (s.active_run_id = p_run_id OR s.last_run_id IS DISTINCT FROM p_run_id)
        AND NOT EXISTS (
          SELECT FROM (
            SELECT c.state, c.failure_kind FROM commands c WHERE c.run_id = p_run_id AND c.type = 'turn' AND c.finished_at IS NOT NULL
            ORDER BY c.finished_at DESC, c.seq DESC LIMIT 1
          ) turn
          WHERE turn.state = g.run_terminal_status AND turn.failure_kind IS NOT DISTINCT FROM g.run_failure_kind
        ) THEN 1
      ELSE 0 END,
    -- Activity moves the expiry on.
    last_activity_at = now(), updated_at = now(), expires_at = greatest(s.expires_at, now() + s.ttl_ms * interval '1 ms')
  FROM json_to_record(p_session) AS g (
    execution_state text, active_run_id text, active_command_id text, last_command_id text, thread_id text, has_outcome boolean,
    terminal_status text, failure_kind text, ended_turns text[], run_terminal_status text, run_failure_kind text)
  WHERE s.id = p_session_id
$$;

-- Writes a snapshot, as `src/postgres/projection.ts` gives it. `verdict`: 'written'; 'stale' (the row is as new already), 'foreign' (the run
-- is another execution's) and 'unknown' (there is no such run) wrote nothing. `version_before` is what the row had until then. Of what the
-- snapshot carries, only what is newer than that is written. Raises no_data_found, its detail the command's id, for a command whose payload
-- nobody ever wrote.
CREATE FUNCTION project_run(p_snapshot json) RETURNS TABLE (verdict text, version_before bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  given record;
  before record;
  command record;
  told record;
  holder text;
BEGIN
  SELECT * INTO given FROM json_to_record(p_snapshot) AS snapshot (
    run_id text, execution_id text, version bigint, attempt int, status text, terminal_status text, failure_kind text,
    failure_message text, failure_note text, claimed_by text, thread_id text, cancel_requested_at timestamptz, cancel_reason text,
    cancel_note text, last_command_seq int, finished_at timestamptz, cancel_command_ids text[], session json, commands json,
    producer text, events json, grant_runner_id text, grant_lease_ms bigint, grant_version bigint);

  -- Writers of one run wait for each other here.
  SELECT r.version, r.opened_at IS NOT NULL AS is_opened, r.session_id, r.execution_id, r.workflow_id INTO before
    FROM runs r WHERE r.id = given.run_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'unknown', NULL::bigint;
    RETURN;
  ELSIF before.execution_id <> given.execution_id THEN
    RETURN QUERY SELECT 'foreign', before.version;
    RETURN;
  ELSIF before.version >= given.version THEN
    RETURN QUERY SELECT 'stale', before.version;
    RETURN;
  END IF;

  -- A note that is gone leaves what was written of it.
  UPDATE runs r SET version = given.version, status = given.status, attempt = given.attempt,
    terminal_status = given.terminal_status, failure_kind = given.failure_kind,
    failure_message = CASE WHEN given.failure_note IS NULL THEN given.failure_message
      ELSE coalesce((SELECT n.text FROM notes n WHERE n.id = given.failure_note), r.failure_message) END,
    claimed_by = given.claimed_by, thread_id = given.thread_id, cancel_requested_at = given.cancel_requested_at,
    cancel_reason = CASE WHEN given.cancel_note IS NULL THEN given.cancel_reason
      ELSE coalesce((SELECT n.text FROM notes n WHERE n.id = given.cancel_note), r.cancel_reason) END,
    last_command_seq = given.last_command_seq, finished_at = coalesce(r.finished_at, given.finished_at),
    opened_at = coalesce(r.opened_at, now()), execution_id = given.execution_id, updated_at = now()
  WHERE r.id = given.run_id;

  IF NOT before.is_opened THEN
    INSERT INTO run_leases (run_id, attempt, workflow_id) VALUES (given.run_id, given.attempt, before.workflow_id)
      ON CONFLICT DO NOTHING;
    INSERT INTO run_streams (run_id, attempt) VALUES (given.run_id, given.attempt) ON CONFLICT DO NOTHING;
  END IF;
  IF before.session_id IS NOT NULL THEN
    PERFORM project_session(before.session_id, given.run_id, given.session);
  END IF;

  -- A snapshot of a later attempt ends the earlier one here too, should nobody have expired or revoked it; a snapshot of an earlier attempt
  -- than the rows' (expired just now, the workflow has not heard yet) moves nothing back. The lease before the stream, as everywhere; and
  -- both before the commands: an append has its stream first, and then the command whose tokens it counts.
  UPDATE run_leases l SET
    attempt = greatest(l.attempt, given.attempt),
    alive = l.alive AND l.attempt >= given.attempt AND given.terminal_status IS NULL,
    runner_id = CASE WHEN l.attempt >= given.attempt THEN l.runner_id END,
    ended = l.ended OR given.terminal_status IS NOT NULL,
    cancel_requested_at = given.cancel_requested_at, cancel_command_ids = given.cancel_command_ids,
    last_command_seq = given.last_command_seq
  WHERE l.run_id = given.run_id;
  UPDATE run_streams s SET attempt = greatest(s.attempt, given.attempt), closed = s.closed OR given.terminal_status IS NOT NULL
  WHERE s.run_id = given.run_id;

  -- The first time that opens the draft; a command that the workflow made itself has none, and takes its payload from the one it came from.
  -- A draft that was sent to the session becomes this run's.
  FOR command IN
    SELECT c.* FROM json_to_recordset(given.commands) AS c (
      id text, seq int, type text, state text, attempt int, failure_kind text, failure_message text, failure_note text, thread_id text,
      turn_id text, superseded_by text, payload_of text, cancel_requested_at timestamptz, acknowledged_at timestamptz,
      finished_at timestamptz, send_decision json, version bigint)
    WHERE c.version IS NULL OR c.version > before.version
  LOOP
    INSERT INTO commands AS c (id, run_id, seq, type, payload, state, attempt, failure_kind, failure_message, thread_id, turn_id,
        superseded_by, cancel_requested_at, acknowledged_at, finished_at, send_decision)
      SELECT command.id, given.run_id, command.seq, command.type, source.payload, command.state, command.attempt, command.failure_kind,
        coalesce((SELECT n.text FROM notes n WHERE n.id = command.failure_note), command.failure_message), command.thread_id,
        command.turn_id, command.superseded_by, command.cancel_requested_at, command.acknowledged_at, command.finished_at,
        command.send_decision
      FROM commands source WHERE source.id = coalesce(command.payload_of, command.id)
        AND (source.run_id = given.run_id OR (source.run_id IS NULL AND source.session_id = before.session_id))
      ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, type = excluded.type, seq = excluded.seq,
        send_decision = coalesce(c.send_decision, excluded.send_decision), state = excluded.state, attempt = excluded.attempt,
        failure_kind = excluded.failure_kind,
        failure_message = CASE WHEN command.failure_note IS NULL THEN excluded.failure_message
          ELSE coalesce(excluded.failure_message, c.failure_message) END,
        thread_id = excluded.thread_id, turn_id = excluded.turn_id, superseded_by = excluded.superseded_by,
        cancel_requested_at = excluded.cancel_requested_at, acknowledged_at = excluded.acknowledged_at,
        finished_at = excluded.finished_at, updated_at = now();
    IF NOT FOUND THEN
      RAISE no_data_found USING MESSAGE = 'a command has no payload', DETAIL = coalesce(command.payload_of, command.id);
    END IF;
  END LOOP;

  -- The manager's own events, joined as an append wants them.
  SELECT string_agg(e.type, U&'\001E' ORDER BY e.number) AS types, string_agg(e.payload, U&'\001E' ORDER BY e.number) AS payloads,
      string_agg(e.command_id, U&'\001E' ORDER BY e.number) AS command_ids, array_agg(e.number ORDER BY e.number) AS numbers,
      range_agg(int8range(e.number, e.number, '[]')) AS ranges
    INTO told
    FROM json_to_recordset(given.events) AS e (number bigint, type text, payload text, command_id text, version bigint)
    WHERE e.version IS NULL OR e.version > before.version;
  IF told.numbers IS NOT NULL THEN
    PERFORM FROM append_events(given.run_id, NULL, NULL, given.producer, told.types, told.payloads, told.command_ids, told.numbers,
      told.ranges, true);
  END IF;

  -- A lease that is not given although its attempt lives means that the workflow and the rows disagree about who holds it.
  IF given.grant_runner_id IS NOT NULL AND (given.grant_version IS NULL OR given.grant_version > before.version) THEN
    UPDATE run_leases l SET runner_id = given.grant_runner_id, alive = true, lease_ms = given.grant_lease_ms,
      expires_at = clock_timestamp() + given.grant_lease_ms * interval '1 ms'
    WHERE l.run_id = given.run_id AND l.attempt = given.attempt AND NOT l.ended
      AND (NOT l.alive OR l.runner_id = given.grant_runner_id);
    IF NOT FOUND THEN
      SELECT coalesce(l.runner_id, 'nobody') INTO holder FROM run_leases l
        WHERE l.run_id = given.run_id AND l.attempt = given.attempt AND NOT l.ended;
      IF FOUND THEN
        RAISE 'attempt % of run %: no lease for %, it is held by %', given.attempt, given.run_id, given.grant_runner_id, holder;
      END IF;
    END IF;
  END IF;
  RETURN QUERY SELECT 'written', before.version;
END $$;
