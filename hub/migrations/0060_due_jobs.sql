-- What waits for a moment: one row for each, deleted when its work is done. `subject` is the id of the row that it is
-- about, and everything else is there. A job is due at `due_at` or, when that comes first, at `near_at`: the same wait by
-- a clock that has shown a time before `made_at` and therefore is wrong.
CREATE TABLE due_job (
  id        text PRIMARY KEY,
  centre_id text NOT NULL REFERENCES centre,
  kind      text NOT NULL CHECK (kind ~ '^[a-z][a-z-]{0,31}$'),   -- 'consent-ends'
  subject   text NOT NULL,
  made_at   timestamptz NOT NULL,
  due_at    timestamptz NOT NULL CHECK (due_at >= made_at),
  near_at   timestamptz CHECK (near_at < due_at),
  UNIQUE (kind, subject)
);
CREATE INDEX due_job_due ON due_job (least(due_at, near_at));
CREATE INDEX due_job_made ON due_job (made_at);
CREATE TRIGGER due_job_told AFTER INSERT OR UPDATE OF due_at ON due_job
  FOR EACH ROW EXECUTE FUNCTION tell_change('due_job', 'id');
GRANT SELECT, INSERT, UPDATE, DELETE ON due_job TO anling_pages_write;

-- The first that wait: consents with an end.
COMMENT ON COLUMN consent.withdrawn_at IS 'from when it holds no more: she took it back, or ends_at was reached';
INSERT INTO due_job (id, centre_id, kind, subject, made_at, due_at)
SELECT 'j-' || consent.id, senior.centre_id, 'consent-ends', consent.id, consent.given_at,
       greatest(consent.given_at, consent.ends_at)
  FROM consent
  JOIN senior ON senior.id = consent.senior_id
 WHERE consent.ends_at IS NOT NULL AND consent.withdrawn_at IS NULL;
