-- Readings over time. This is the one place where TimescaleDB and plain PostgreSQL differ: the database is asked whether
-- it has the extension, and everything else calls the functions below, which answer for both.
CREATE TABLE reading_name (
  id   smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,63}$'),
  unit text NOT NULL CHECK (length(unit) <= 16),          -- RFC 8428
  UNIQUE (name, unit)
);

CREATE FUNCTION readings_on_timescale() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
$$;

-- Narrow, and without foreign keys: a look-up for each of a million rows a day would cost more than all the rest. The
-- hub writes only numbers that it has read from `device` and `reading_name`, whose rows are never deleted.
DO $migration$
DECLARE
  columns text := '
    ts              timestamptz NOT NULL,
    device_id       integer NOT NULL,           -- device.number
    reading_name_id smallint NOT NULL,
    value           double precision NOT NULL,
    PRIMARY KEY (device_id, reading_name_id, ts)';
BEGIN
  IF NOT readings_on_timescale() THEN
    EXECUTE format('CREATE TABLE reading (%s) PARTITION BY RANGE (ts)', columns);
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE reading (%s)', columns);
  PERFORM create_hypertable('reading', by_range('ts', INTERVAL '7 days'), create_default_indexes => false);
  -- the Apache edition has hypertables only
  IF current_setting('timescaledb.license', true) = 'timescale' THEN
    ALTER TABLE reading SET (
      timescaledb.compress,
      timescaledb.compress_segmentby = 'device_id, reading_name_id',
      timescaledb.compress_orderby = 'ts');
    PERFORM add_compression_policy('reading', INTERVAL '14 days');
  END IF;
END
$migration$;

-- Makes sure that a reading of `at` has a place to go: the partition of its week (UTC, from Monday). TimescaleDB makes
-- its own chunks. Returns whether one was made.
CREATE FUNCTION make_reading_partition(at timestamptz) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  monday    date := date_trunc('week', at AT TIME ZONE 'UTC')::date;
  partition text := 'reading_' || to_char(monday, 'YYYYMMDD');
BEGIN
  IF readings_on_timescale() OR to_regclass(partition) IS NOT NULL THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('reading partitions'));
  IF to_regclass(partition) IS NOT NULL THEN
    RETURN false;
  END IF;
  -- made apart and then attached: readers and writers of other weeks go on meanwhile
  EXECUTE format('CREATE TABLE %I (LIKE reading)', partition);
  EXECUTE format(
    'ALTER TABLE reading ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
    partition, monday::timestamp AT TIME ZONE 'UTC', (monday + 7)::timestamp AT TIME ZONE 'UTC');
  RETURN true;
END
$$;

-- Drops what is wholly older than `before`. Returns how many partitions or chunks that were.
CREATE FUNCTION drop_readings(before timestamptz) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  partition text;
  dropped   integer := 0;
BEGIN
  IF readings_on_timescale() THEN
    SELECT count(*) INTO dropped FROM drop_chunks('reading', before);
    RETURN dropped;
  END IF;
  FOR partition IN
    SELECT child.relname
      FROM pg_inherits
      JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
     WHERE pg_inherits.inhparent = 'reading'::regclass
       AND to_date(right(child.relname, 8), 'YYYYMMDD') + 7 <= (before AT TIME ZONE 'UTC')::date
     ORDER BY child.relname
  LOOP
    EXECUTE format('DROP TABLE %I', partition);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END
$$;

REVOKE ALL ON FUNCTION make_reading_partition, drop_readings FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_reading_partition, drop_readings TO anling_hub;
GRANT SELECT, INSERT ON reading, reading_name TO anling_hub;
