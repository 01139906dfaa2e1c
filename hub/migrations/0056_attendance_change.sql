-- Who last changed where a senior is, when and how: what a page compares (ETag, If-Match) before it changes it again,
-- and what it says when somebody else was faster. `version` counts the changes; evidence that only confirms counts none.
CREATE TABLE attendance_change (
  senior_id  text PRIMARY KEY REFERENCES senior,
  version    bigint NOT NULL CHECK (version >= 1),
  changed_at timestamptz NOT NULL,
  evidence   text NOT NULL CHECK (evidence IN ('card', 'badge', 'press', 'meal', 'staff', 'roll_call')),
  account_id text REFERENCES account
);
-- Staff say it on pages, cards in telemetry's lane.
GRANT SELECT, INSERT, UPDATE ON attendance_change TO anling_pages_write, anling_telemetry;
GRANT SELECT ON attendance_change TO anling_web;

-- Staff of the centre alone: a family reads where her senior is, not which colleague wrote it down.
ALTER TABLE attendance_change ENABLE ROW LEVEL SECURITY;
CREATE POLICY attendance_change_hub ON attendance_change TO anling_pages_write, anling_telemetry
  USING (true) WITH CHECK (true);
CREATE POLICY attendance_change_web ON attendance_change FOR SELECT TO anling_web
  USING (EXISTS (SELECT FROM senior WHERE senior.id = senior_id AND sees_seniors_of(senior.centre_id)));
