-- Who may touch the database, and how a change is made known.
-- The login that migrates owns the tables; anling_hub runs the centre, anling_web reads and writes for one signed-in
-- account. No role without LOGIN can own them: TimescaleDB runs the jobs of a hypertable as its owner.
DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['anling_hub', 'anling_web'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;  -- roles belong to the whole server: another database of ours made it
    END;
    EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
  END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO anling_hub, anling_web;

-- Carries a kind and an id, never content: NOTIFY is outside row-level security.
-- The trigger's first argument is the kind, its second the column that holds the id.
CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
BEGIN
  PERFORM pg_notify('anling', TG_ARGV[0] || ':' || coalesce(changed ->> TG_ARGV[1], ''));
  RETURN NULL;
END
$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

-- The account a transaction of anling_web acts for, set with set_config('anling.account', …, true).
CREATE FUNCTION current_account() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('anling.account', true), '')
$$;
