-- Rows that raised in a loop that polls them: put aside until a time, so that the others go on. `failures` counts one
-- after the other. A mark that was made later than now is of a clock that was set back: it holds nothing back.
CREATE TABLE parked_row (
  kind      text NOT NULL CHECK (kind ~ '^[a-z][a-z-]{0,31}$'),   -- 'alarm', 'rule-memory'
  row_id    text NOT NULL,
  parked_at timestamptz NOT NULL,
  again_at  timestamptz NOT NULL CHECK (again_at > parked_at),
  failures  integer NOT NULL CHECK (failures > 0),
  error     text NOT NULL,                    -- the class of the exception, never what it says
  PRIMARY KEY (kind, row_id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON parked_row TO anling_hub;

CREATE FUNCTION is_parked(wanted_kind text, wanted_row_id text, now_at timestamptz) RETURNS boolean
  LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (
    SELECT FROM parked_row
     WHERE kind = wanted_kind AND row_id = wanted_row_id AND parked_at <= now_at AND again_at > now_at)
$$;
