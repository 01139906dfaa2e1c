-- A time zone that this server does not know: every statement that asks for the centre's local time would raise, and with
-- it each press. A CHECK cannot ask, because what zones a server knows is not immutable.
CREATE FUNCTION require_known_timezone() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM now() AT TIME ZONE NEW.timezone;
  RETURN NULL;
EXCEPTION WHEN invalid_parameter_value THEN
  RAISE EXCEPTION 'the database knows no time zone %', NEW.timezone
    USING ERRCODE = 'check_violation', CONSTRAINT = 'centre_timezone_known';
END
$$;
CREATE TRIGGER centre_timezone_known AFTER INSERT OR UPDATE OF timezone ON centre
  FOR EACH ROW EXECUTE FUNCTION require_known_timezone();
