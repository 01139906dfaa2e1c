-- Who is on duty when, who is in the building, and in which room.
CREATE TABLE shift (
  id         text PRIMARY KEY,
  centre_id  text NOT NULL REFERENCES centre,
  account_id text NOT NULL REFERENCES account,
  duty       text NOT NULL CHECK (duty IN ('primary', 'secondary', 'centre_staff', 'lead')),
  from_at    timestamptz NOT NULL,
  to_at      timestamptz NOT NULL CHECK (to_at > from_at),
  ended_at   timestamptz
);
CREATE INDEX shift_now ON shift (centre_id, from_at, to_at) WHERE ended_at IS NULL;
CREATE TRIGGER shift_told AFTER INSERT OR UPDATE ON shift
  FOR EACH ROW EXECUTE FUNCTION tell_change('shift', 'account_id');

CREATE TABLE visit (
  id         text PRIMARY KEY,
  senior_id  text NOT NULL REFERENCES senior,
  arrived_at timestamptz NOT NULL,
  left_at    timestamptz CHECK (left_at >= arrived_at)
);
CREATE UNIQUE INDEX visit_open ON visit (senior_id) WHERE left_at IS NULL;

-- The room a senior was in, from when to when, and the last evidence of it.
CREATE TABLE presence (
  id            text PRIMARY KEY,
  visit_id      text NOT NULL REFERENCES visit,
  senior_id     text NOT NULL REFERENCES senior,
  room_id       text NOT NULL REFERENCES room,
  from_at       timestamptz NOT NULL,
  evidence      text NOT NULL CHECK (evidence IN ('card', 'badge', 'press', 'meal', 'staff', 'roll_call')),
  evidence_at   timestamptz NOT NULL,
  to_at         timestamptz CHECK (to_at >= from_at)
);
CREATE UNIQUE INDEX presence_open ON presence (senior_id) WHERE to_at IS NULL;
CREATE INDEX presence_room ON presence (room_id) WHERE to_at IS NULL;
CREATE INDEX presence_day ON presence (senior_id, from_at);
CREATE TRIGGER visit_told AFTER INSERT OR UPDATE ON visit
  FOR EACH ROW EXECUTE FUNCTION tell_change('presence', 'senior_id');
CREATE TRIGGER presence_told AFTER INSERT OR UPDATE ON presence
  FOR EACH ROW EXECUTE FUNCTION tell_change('presence', 'senior_id');

GRANT SELECT, INSERT, UPDATE ON shift, visit, presence TO anling_hub;
GRANT SELECT ON shift, visit, presence TO anling_web;
ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
CREATE POLICY visit_hub ON visit TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY visit_web ON visit FOR SELECT TO anling_web
  USING (EXISTS (SELECT FROM senior WHERE senior.id = senior_id));
ALTER TABLE presence ENABLE ROW LEVEL SECURITY;
CREATE POLICY presence_hub ON presence TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY presence_web ON presence FOR SELECT TO anling_web
  USING (EXISTS (SELECT FROM senior WHERE senior.id = senior_id));
