-- What is dropped is decided by each partition's own bound. The first version read the last eight letters of names as
-- dates, in a condition that the planner may evaluate before the join: with statistics on pg_inherits, on the names of
-- every other table, which raised. A loop's statements are never reordered.
CREATE OR REPLACE FUNCTION drop_readings(before timestamptz) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER
  -- a bound is written and read again here: in one style and zone, whatever the session's are
  SET search_path = pg_catalog, public, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC' AS $$
DECLARE
  partition regclass;
  ends_at   timestamptz;
  dropped   integer := 0;
BEGIN
  IF readings_on_timescale() THEN
    SELECT count(*) INTO dropped FROM drop_chunks('public.reading', before);
    RETURN dropped;
  END IF;
  FOR partition IN
    SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'public.reading'::regclass ORDER BY inhrelid
  LOOP
    -- FOR VALUES FROM ('…') TO ('2026-11-30 00:00:00+00'); nothing for a default partition or one without an end
    SELECT substring(pg_get_expr(relpartbound, oid) FROM $bound$ TO \('([^']+)'\)$bound$)::timestamptz
      INTO ends_at
      FROM pg_class
     WHERE oid = partition;
    CONTINUE WHEN ends_at IS NULL OR ends_at > before;
    EXECUTE format('DROP TABLE %s', partition);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END
$$;
