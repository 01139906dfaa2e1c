-- Alarms that the rules of telemetry concluded and the alarm path has not taken yet. Written in the transaction in which
-- the rules remember it, taken in the transaction in which the alarm opens: each exactly once, whoever is killed.
CREATE TABLE finding (
  n              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,   -- the order in which one rule concluded of one subject
  centre_id      text NOT NULL REFERENCES centre,
  rule_id        text NOT NULL,
  priority       text NOT NULL CHECK (priority IN ('P1', 'P2')),    -- P3 and P4 are notices, not alarms
  klass          text NOT NULL,
  at             timestamptz NOT NULL,
  senior_id      text REFERENCES senior,
  room_id        text REFERENCES room,
  device_id      text REFERENCES device,
  about          text,
  summary        jsonb NOT NULL,
  params         jsonb NOT NULL,
  late           boolean NOT NULL,
  time_uncertain boolean NOT NULL,
  cleared        boolean NOT NULL,
  made_at        timestamptz NOT NULL
);
CREATE TRIGGER finding_told AFTER INSERT ON finding
  FOR EACH ROW EXECUTE FUNCTION tell_change('finding', 'n');
GRANT INSERT ON finding TO anling_telemetry;
GRANT SELECT, UPDATE, DELETE ON finding TO anling_alarms;
