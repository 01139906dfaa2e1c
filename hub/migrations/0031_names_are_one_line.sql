-- A name is one line that can be read: no control characters, no line or paragraph separators, no marks that turn the
-- direction of writing, not blank, at most 80 characters. One with a line break made every acceptance of an alarm fail,
-- one with U+202E showed another name. The same characters as in hub/kit/lines.py.
DO $$
DECLARE
  broken  constant text := '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]';
  seen    constant text := '[^\s\u00a0\u00ad\u2000-\u200f\u2060-\u2064\u3000\ufeff]';
  part    record;
BEGIN
  FOR part IN
    SELECT * FROM (VALUES
      ('organisation', 'name'), ('organisation', 'name_en'),
      ('centre', 'name'), ('centre', 'name_en'),
      ('room', 'name'), ('room', 'name_en'),
      ('senior', 'name'), ('senior', 'address_as'), ('senior', 'address_as_en'),
      ('device', 'name'), ('device', 'name_en'),
      ('account', 'name'), ('account', 'name_en'),
      ('consent', 'witness')
    ) AS named (tab, col)
  LOOP
    -- What exists is cleaned; where nothing of a name is left, the id stands in for it.
    EXECUTE format(
      'UPDATE %1$I SET %2$I = coalesce(nullif(left(btrim(regexp_replace(%2$I, %3$L || ''+'', '' '', ''g'')), 80), ''''), id::text)
        WHERE %2$I ~ %3$L OR length(%2$I) > 80', part.tab, part.col, broken);
    EXECUTE format('UPDATE %1$I SET %2$I = id::text WHERE %2$I !~ %3$L', part.tab, part.col, seen);
    EXECUTE format(
      'ALTER TABLE %1$I ADD CONSTRAINT %3$I CHECK (%2$I !~ %4$L AND %2$I ~ %5$L AND length(%2$I) <= 80)',
      part.tab, part.col, part.tab || '_' || part.col || '_one_line', broken, seen);
  END LOOP;
END
$$;
