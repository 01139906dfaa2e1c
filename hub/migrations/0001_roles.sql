-- Who may touch the database, and how a change is made known.
-- anling_owner owns the tables and runs every later migration, anling_hub runs the centre, anling_web reads and writes
-- for one signed-in account. The owner may log in, and has no password to do it with: TimescaleDB runs the jobs of a
-- hypertable as its owner, and takes none that may not.
DO $$
DECLARE
  made record;
BEGIN
  FOR made IN VALUES ('anling_owner', 'LOGIN'), ('anling_hub', 'NOLOGIN'), ('anling_web', 'NOLOGIN') LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I %s', made.column1, made.column2);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;  -- roles belong to the whole server: another database of ours made it
    END;
    EXECUTE format('GRANT %I TO CURRENT_USER', made.column1);
  END LOOP;
END
$$;

CREATE EXTENSION IF NOT EXISTS btree_gist;  -- the owner of a database may, the owner of its tables need not

GRANT ALL ON SCHEMA public TO anling_owner;
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

ALTER FUNCTION tell_change() OWNER TO anling_owner;
ALTER FUNCTION refuse_change() OWNER TO anling_owner;
ALTER FUNCTION current_account() OWNER TO anling_owner;
