-- Events: append-only, numbered per run without holes, kept in weekly partitions that are dropped whole.

CREATE TABLE run_streams (
  run_id         text PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
  -- The same as in run_leases; both advance together. Here so that an append reads and locks one row.
  attempt        int NOT NULL,
  last_seq       bigint NOT NULL DEFAULT 0,
  -- The run has ended: only the manager itself may still add.
  closed         boolean NOT NULL DEFAULT false,
  -- Bounds of the partitions that hold this run.
  first_event_at timestamptz,
  last_event_at  timestamptz
) WITH (fillfactor = 50);

CREATE TABLE run_events (
  run_id     text NOT NULL,
  seq        bigint NOT NULL,
  created_at timestamptz NOT NULL,
  type       text NOT NULL,
  payload    json NOT NULL,
  -- The payload's commandId, beside it because a json with \u0000 in it cannot be searched.
  command_id text,
  producer   text NOT NULL,
  client_seq bigint,
  PRIMARY KEY (run_id, seq, created_at)
) PARTITION BY RANGE (created_at);

-- What a command came to is asked again and again, also of one that has no events yet in a run that has very many.
CREATE INDEX run_events_of_command ON run_events (command_id, seq) WHERE command_id IS NOT NULL;

-- Which of its own numbers a producer has used.
CREATE TABLE event_producers (
  run_id   text NOT NULL REFERENCES run_streams ON DELETE CASCADE,
  producer text NOT NULL,
  seen     int8multirange NOT NULL,
  PRIMARY KEY (run_id, producer)
) WITH (fillfactor = 50);

-- Makes the partitions of this week and the next `weeks_ahead`; answers how many were missing. A new one is attached
-- rather than created in place, so that appends go on meanwhile.
CREATE FUNCTION ensure_event_partitions(weeks_ahead int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  week timestamp := date_trunc('week', now() AT TIME ZONE 'UTC');
  partition_name text;
  made int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('ensure_event_partitions'));
  FOR i IN 0..weeks_ahead LOOP
    partition_name := 'run_events_' || to_char(week, 'YYYYMMDD');
    -- A query, not to_regclass: that may remember from before the lock that there is none.
    IF NOT EXISTS (
      SELECT FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
      WHERE h.inhparent = 'run_events'::regclass AND c.relname = partition_name
    ) THEN
      EXECUTE format('CREATE TABLE %I (LIKE run_events INCLUDING ALL)', partition_name);
      EXECUTE format('ALTER TABLE run_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        partition_name, week AT TIME ZONE 'UTC', (week + interval '7 days') AT TIME ZONE 'UTC');
      made := made + 1;
    END IF;
    week := week + interval '7 days';
  END LOOP;
  RETURN made;
END $$;

SELECT ensure_event_partitions(8);

-- Appends all events or none, in one round trip. Answers one row per event in `position` order, or one row whose
-- `verdict` is not 'ok': 'unknown' run, 'lost' (the fence does not hold), 'ended' (the run has).
-- Within one call no client_seq may stand twice. `type` and `payload` are answered for repeated events only: what was
-- written the first time. Such a row's `seq` is null when retention has dropped it since.
CREATE FUNCTION append_run_events(
  p_run_id text,
  -- The fence; null where nothing is enforced.
  p_attempt int,
  p_runner_id text,
  p_producer text,
  p_types text[],
  p_payloads text[],
  p_command_ids text[],
  p_client_seqs bigint[],
  p_even_ended boolean
) RETURNS TABLE (verdict text, "position" bigint, seq bigint, created_at timestamptz, type text, payload json)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  stream run_streams%ROWTYPE;
  numbered boolean := array_remove(p_client_seqs, NULL) <> '{}';
  seen int8multirange := '{}';
  fresh_positions bigint[];
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

  IF numbered THEN
    -- Only the part that this batch can touch, which also unpacks it once instead of at every comparison.
    seen := coalesce(
      (SELECT p.seen * (SELECT int8range(min(c), max(c), '[]')::int8multirange FROM unnest(p_client_seqs) AS c)
       FROM event_producers p WHERE p.run_id = p_run_id AND p.producer = p_producer), '{}');
  END IF;
  fresh_positions := ARRAY(
    SELECT c.position FROM unnest(p_client_seqs) WITH ORDINALITY AS c (client_seq, position)
    WHERE c.client_seq IS NULL OR NOT seen @> c.client_seq
    ORDER BY c.position);

  -- A batch whose answer got lost may be repeated after the run's end; anything new may not.
  IF stream.closed AND NOT p_even_ended AND fresh_positions <> '{}' THEN
    RETURN QUERY SELECT 'ended', NULL::bigint, NULL::bigint, NULL::timestamptz, NULL, NULL::json;
    RETURN;
  END IF;

  IF fresh_positions <> '{}' THEN
    -- Read under the lock, and never before the last one: order by time agrees with order by seq.
    written_at := greatest(clock_timestamp(), stream.last_event_at);
    INSERT INTO run_events (run_id, seq, created_at, type, payload, command_id, producer, client_seq)
      SELECT p_run_id, stream.last_seq + row_number() OVER (ORDER BY e.position), written_at, e.type, e.payload::json,
             e.command_id, p_producer, e.client_seq
      FROM unnest(p_types, p_payloads, p_command_ids, p_client_seqs)
        WITH ORDINALITY AS e (type, payload, command_id, client_seq, position)
      WHERE e.position = ANY (fresh_positions);
    UPDATE run_streams s SET
      last_seq = stream.last_seq + cardinality(fresh_positions),
      first_event_at = coalesce(stream.first_event_at, written_at),
      last_event_at = written_at
      WHERE s.run_id = p_run_id;
    IF numbered THEN
      INSERT INTO event_producers AS p (run_id, producer, seen)
        SELECT p_run_id, p_producer, coalesce(
          range_agg(int8range(c.client_seq, c.client_seq, '[]')) FILTER (WHERE c.client_seq IS NOT NULL), '{}')
        FROM unnest(p_client_seqs) AS c (client_seq)
        ON CONFLICT (run_id, producer) DO UPDATE SET seen = p.seen + excluded.seen;
    END IF;
    RETURN QUERY SELECT 'ok', f.position, stream.last_seq + f.n, written_at, NULL, NULL::json
      FROM unnest(fresh_positions) WITH ORDINALITY AS f (position, n);
  END IF;

  -- Repeated ones are recent as a rule, so the log is read from its end, and no further than needed.
  IF cardinality(fresh_positions) < cardinality(p_types) THEN
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
  END IF;
END $$;
