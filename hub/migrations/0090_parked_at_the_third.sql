-- A row that raises is tried three times, and then parked without end: until another version of the hub, or a person,
-- tries it again. `by_version` is the hub in which it raised; `told_at` is when everybody was last told of a parked alarm.
ALTER TABLE parked_row ADD COLUMN by_version text NOT NULL DEFAULT '';
ALTER TABLE parked_row ADD COLUMN told_at timestamptz;

-- What is parked without end is so whatever the clock shows.
CREATE OR REPLACE FUNCTION parked_rows_at(wanted_kind text, at timestamptz)
  RETURNS TABLE (row_id text)
  LANGUAGE sql STABLE
  BEGIN ATOMIC
    SELECT parked_row.row_id
      FROM parked_row
     WHERE parked_row.kind = wanted_kind
       AND (parked_row.again_at = 'infinity' OR parked_row.parked_at <= at AND parked_row.again_at > at);
  END;

GRANT SELECT ON due_job TO anling_alarms;
