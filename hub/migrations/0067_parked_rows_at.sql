-- The rows of a kind that are parked at a moment, as something to join: the planner puts the body into the statement that
-- asks. is_parked had a search path of its own, so it was planned apart and called for each row.
CREATE FUNCTION parked_rows_at(wanted_kind text, at timestamptz)
  RETURNS TABLE (row_id text)
  LANGUAGE sql STABLE
  BEGIN ATOMIC
    SELECT parked_row.row_id
      FROM parked_row
     WHERE parked_row.kind = wanted_kind AND parked_row.parked_at <= at AND parked_row.again_at > at;
  END;

DROP FUNCTION is_parked(text, text, timestamptz);
