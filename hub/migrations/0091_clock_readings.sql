-- What both clocks of the machine showed when a process last looked: where the machine was not started anew since, the
-- next start knows by how much the wall clock was set in between. `boot` names the start of the machine.
CREATE TABLE clock_reading (
  process         text PRIMARY KEY CHECK (process ~ '^[a-z][a-z-]{0,31}$'),
  boot            text NOT NULL,
  wall            timestamptz NOT NULL,
  running_seconds double precision NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON clock_reading TO anling_alarms, anling_telemetry, anling_pages_write;

-- While the wall clock is known to be wrong, or far ahead of all that is known: what the hub wrote last while it was not
-- in doubt, and how far what people wrote down (shifts, opening hours) is from what the clock shows. No row: no doubt.
CREATE TABLE clock_doubt (
  one_row     boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  doubt       text NOT NULL CHECK (doubt IN ('behind', 'ahead')),
  newest      timestamptz NOT NULL,
  ahead_by    interval NOT NULL      -- of the clock, before `newest`: negative while it is behind
);
GRANT SELECT, INSERT, UPDATE, DELETE ON clock_doubt TO anling_alarms, anling_pages_write;
GRANT SELECT ON clock_doubt TO anling_telemetry, anling_pages_read;

-- What the calendar of people (shifts, opening hours) says when the clock shows `at`. A clock that is behind is wrong for
-- certain; one that seems to be ahead may be right, so that both moments count.
CREATE FUNCTION calendar_at(at timestamptz) RETURNS TABLE (moment timestamptz, or_moment timestamptz)
  LANGUAGE sql STABLE
  BEGIN ATOMIC
    SELECT calendar_at.at - coalesce((SELECT ahead_by FROM clock_doubt WHERE doubt = 'behind'), '0'),
           calendar_at.at - coalesce((SELECT ahead_by FROM clock_doubt), '0');
  END;

-- How long the hub has run since readings were last dropped, by the clock that nobody sets.
CREATE TABLE reading_retention (
  one_row     boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  ran_seconds double precision NOT NULL CHECK (ran_seconds >= 0)
);
GRANT SELECT, INSERT, UPDATE ON reading_retention TO anling_telemetry;

-- Drops the oldest partition (or chunk) that is wholly older than `before`; whether there was one. A loop's statements are
-- never reordered: see 0028.
CREATE FUNCTION drop_oldest_readings(before timestamptz) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC' AS $$
DECLARE
  partition      regclass;
  ends_at        timestamptz;
  oldest         regclass;
  oldest_ends_at timestamptz;
  dropped        integer := 0;
BEGIN
  IF readings_on_timescale() THEN
    SELECT min(range_end) INTO oldest_ends_at
      FROM timescaledb_information.chunks WHERE hypertable_name = 'reading';
    IF oldest_ends_at <= before THEN
      SELECT count(*) INTO dropped FROM drop_chunks('public.reading', oldest_ends_at);
    END IF;
    RETURN dropped > 0;
  END IF;
  FOR partition IN
    SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'public.reading'::regclass
  LOOP
    -- FOR VALUES FROM ('…') TO ('2026-11-30 00:00:00+00'); nothing for a default partition or one without an end
    SELECT substring(pg_get_expr(relpartbound, oid) FROM $bound$ TO \('([^']+)'\)$bound$)::timestamptz
      INTO ends_at
      FROM pg_class
     WHERE oid = partition;
    IF ends_at <= before AND (oldest IS NULL OR ends_at < oldest_ends_at) THEN
      oldest := partition;
      oldest_ends_at := ends_at;
    END IF;
  END LOOP;
  IF oldest IS NOT NULL THEN
    EXECUTE format('DROP TABLE %s', oldest);
  END IF;
  RETURN oldest IS NOT NULL;
END
$$;
REVOKE ALL ON FUNCTION drop_oldest_readings FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_oldest_readings TO anling_telemetry;
DROP FUNCTION drop_readings(timestamptz);

-- When the wall clock is set, what an alarm was born with keeps its time, by the clock as it is now: that alone may move.
CREATE OR REPLACE FUNCTION alarm_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moved boolean;
  is_clock_step boolean := current_setting('anling.clock_step', true) IS NOT DISTINCT FROM 'on';
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF (NEW.state, NEW.version, NEW.epoch) IS DISTINCT FROM ('open', 1, 1) THEN
      RAISE EXCEPTION 'alarm % is not born open', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.id, NEW.centre_id, NEW.key, NEW.klass, NEW.number, NEW.priority, NEW.policy, NEW.drill)
     IS DISTINCT FROM
     (OLD.id, OLD.centre_id, OLD.key, OLD.klass, OLD.number, OLD.priority, OLD.policy, OLD.drill)
     OR NEW.opened_at IS DISTINCT FROM OLD.opened_at AND NOT is_clock_step THEN
    RAISE EXCEPTION 'alarm %: what it was born with does not change', OLD.id USING ERRCODE = 'check_violation';
  END IF;
  IF NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[
    'open>open', 'open>accepted',
    'accepted>accepted', 'accepted>on_scene', 'accepted>resolved', 'accepted>open',
    'on_scene>on_scene', 'on_scene>resolved', 'on_scene>open',
    'resolved>resolved', 'resolved>open', 'resolved>closed']) THEN
    RAISE EXCEPTION 'alarm %: from % to % is not in the table', OLD.id, OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.state = 'open' AND NEW.tier < OLD.tier THEN
    RAISE EXCEPTION 'alarm %: an open alarm only climbs', OLD.id USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.version <> OLD.version + 1 THEN
    RAISE EXCEPTION 'alarm %: version % does not follow %', OLD.id, NEW.version, OLD.version
      USING ERRCODE = 'check_violation';
  END IF;
  moved := (NEW.state, NEW.owner_id, NEW.tier) IS DISTINCT FROM (OLD.state, OLD.owner_id, OLD.tier);
  IF NEW.epoch <> OLD.epoch + moved::integer THEN
    RAISE EXCEPTION 'alarm %: epoch % does not follow %', OLD.id, NEW.epoch, OLD.epoch USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
$$;

-- Links hold for as long as before when the clock is set, whichever way.
GRANT UPDATE (made_at) ON accept_link TO anling_alarms;
