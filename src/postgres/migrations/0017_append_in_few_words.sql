-- Appends are what runners do all the time. As `append_run_events`, with less to do where nothing is repeated, which is nearly always: the
-- caller says which numbers it uses as ranges, nothing is looked up event by event, and one row answers for all of them.
-- `append_run_events` stays for processes of the version before, which go on while this one is rolled out.

-- Appends all events or none, in one round trip. Answers one row whose `verdict` is not 'ok' ('unknown' run; 'lost': the fence
-- does not hold; 'ended': the run has), or one row whose `position` is null where all are new: their `seq` counts from that row's
-- on; or else one row per event. Within one call no client_seq may stand twice. `type` and `payload` are answered for repeated
-- events only: what was written the first time. Such a row's `seq` is null when retention has dropped it since.
CREATE FUNCTION append_events(
  p_run_id text,
  -- The fence; null where nothing is enforced.
  p_attempt int,
  p_runner_id text,
  p_producer text,
  -- One item an event, joined by U+001E, which stands in none of them: an array's text would have to be quoted and unquoted.
  p_types text,
  p_payloads text,
  -- Empty where there is none.
  p_command_ids text,
  p_client_seqs bigint[],
  -- All that stand in p_client_seqs; null where none does.
  p_numbers int8multirange,
  p_even_ended boolean
) RETURNS TABLE (verdict text, "position" bigint, seq bigint, created_at timestamptz, type text, payload json)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  stream run_streams%ROWTYPE;
  seen int8multirange := '{}';
  -- Null where all are new.
  fresh_positions bigint[];
  fresh int := cardinality(p_client_seqs);
  repeated bigint[];
  written_at timestamptz;
BEGIN
  -- Held to the end: writers of one run queue here, and so do those who end an attempt.
  SELECT * INTO stream FROM run_streams s WHERE s.run_id = p_run_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'unknown', NULL::bigint, NULL::bigint, NULL::timestamptz, NULL, NULL::json;
    RETURN;
  END IF;

  IF NOT stream.closed AND (
    (p_attempt IS NOT NULL AND p_attempt <> stream.attempt)
    OR (p_runner_id IS NOT NULL AND NOT EXISTS (
      SELECT FROM run_leases l WHERE l.run_id = p_run_id AND l.alive AND l.runner_id = p_runner_id))
  ) THEN
    RETURN QUERY SELECT 'lost', NULL::bigint, NULL::bigint, NULL::timestamptz, NULL, NULL::json;
    RETURN;
  END IF;

  IF p_numbers IS NOT NULL THEN
    -- A statement of its own, after the lock: what the one before us wrote is seen.
    seen := coalesce((SELECT p.seen FROM event_producers p WHERE p.run_id = p_run_id AND p.producer = p_producer), '{}');
    IF seen && p_numbers THEN
      -- Only the part that this batch can touch, unpacked once instead of at every comparison.
      seen := seen * range_merge(p_numbers)::int8multirange;
      fresh_positions := ARRAY(
        SELECT c.position FROM unnest(p_client_seqs) WITH ORDINALITY AS c (client_seq, position)
        WHERE c.client_seq IS NULL OR NOT seen @> c.client_seq
        ORDER BY c.position);
      fresh := cardinality(fresh_positions);
    END IF;
  END IF;

  -- A batch whose answer got lost may be repeated after the run's end; anything new may not.
  IF stream.closed AND NOT p_even_ended AND fresh > 0 THEN
    RETURN QUERY SELECT 'ended', NULL::bigint, NULL::bigint, NULL::timestamptz, NULL, NULL::json;
    RETURN;
  END IF;

  IF fresh > 0 THEN
    -- Read under the lock, and never before the last one: order by time agrees with order by seq.
    written_at := greatest(clock_timestamp(), stream.last_event_at);
    INSERT INTO run_events (run_id, seq, created_at, type, payload, command_id, producer, client_seq)
      SELECT p_run_id, stream.last_seq + coalesce(array_position(fresh_positions, e.position), e.position), written_at,
             e.type, e.payload::json, e.command_id, p_producer, e.client_seq
      FROM unnest(string_to_array(p_types, U&'\001E'), string_to_array(p_payloads, U&'\001E'),
                  string_to_array(p_command_ids, U&'\001E', ''), p_client_seqs)
        WITH ORDINALITY AS e (type, payload, command_id, client_seq, position)
      WHERE fresh_positions IS NULL OR e.position = ANY (fresh_positions);
    UPDATE run_streams s SET
      last_seq = stream.last_seq + fresh,
      first_event_at = coalesce(stream.first_event_at, written_at),
      last_event_at = written_at
      WHERE s.run_id = p_run_id;
    IF p_numbers IS NOT NULL THEN
      INSERT INTO event_producers AS p (run_id, producer, seen) VALUES (p_run_id, p_producer, p_numbers)
        ON CONFLICT (run_id, producer) DO UPDATE SET seen = p.seen + excluded.seen;
    END IF;
  END IF;

  IF fresh_positions IS NULL THEN
    RETURN QUERY SELECT 'ok', NULL::bigint, stream.last_seq + 1, written_at, NULL, NULL::json;
    RETURN;
  END IF;
  RETURN QUERY SELECT 'ok', f.position, stream.last_seq + f.n, written_at, NULL, NULL::json
    FROM unnest(fresh_positions) WITH ORDINALITY AS f (position, n);

  -- Repeated ones are recent as a rule, so the log is read from its end, and no further than needed.
  repeated := ARRAY(SELECT c FROM unnest(p_client_seqs) AS c WHERE seen @> c);
  RETURN QUERY
    WITH first_time AS (
      SELECT e.client_seq, e.seq, e.created_at, e.type, e.payload FROM run_events e
      WHERE e.run_id = p_run_id AND e.seq <= stream.last_seq AND e.producer = p_producer
        AND e.client_seq = ANY (repeated)
        AND e.created_at BETWEEN stream.first_event_at AND stream.last_event_at
      ORDER BY e.seq DESC
      LIMIT cardinality(repeated)
    )
    SELECT 'ok', c.position, f.seq, f.created_at, f.type, f.payload
    FROM unnest(p_client_seqs) WITH ORDINALITY AS c (client_seq, position)
    LEFT JOIN first_time f ON f.client_seq = c.client_seq
    WHERE c.client_seq = ANY (repeated);
END $$;
