-- Functions that run with the owner's rights find what they name in these schemas and in this order, whatever whoever calls
-- them has made: a temporary table named `account` stood before ours, because pg_temp is searched first unless it is named.
DO $$
DECLARE
  definer regprocedure;
BEGIN
  FOR definer IN
    SELECT oid FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND prosecdef
       AND pg_get_userbyid(proowner) = current_user  -- extensions have functions of their own
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, public, pg_temp', definer);
  END LOOP;
END
$$;

-- As before (0015), but it says where: unnamed, a table is made in the first schema of the path.
CREATE OR REPLACE FUNCTION make_reading_partition(at timestamptz) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
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
  EXECUTE format('CREATE TABLE public.%I (LIKE reading)', partition);
  EXECUTE format(
    'ALTER TABLE reading ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
    partition, monday::timestamp AT TIME ZONE 'UTC', (monday + 7)::timestamp AT TIME ZONE 'UTC');
  RETURN true;
END
$$;
