-- A hub is the machine in one building: its database holds one centre, and refuses a second.
DO $$
BEGIN
  IF (SELECT count(*) FROM centre) > 1 THEN
    RAISE EXCEPTION 'the database holds % centres (%), and one hub serves one: give each a database of its own',
      (SELECT count(*) FROM centre), (SELECT string_agg(id, ', ' ORDER BY id) FROM centre);
  END IF;
END
$$;

CREATE UNIQUE INDEX one_centre ON centre ((true));
