-- Devices, whose they are, and what is to be sent to them.

CREATE TABLE device (
  id              text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  number          integer GENERATED ALWAYS AS IDENTITY UNIQUE,   -- stands for the device in readings
  centre_id       text NOT NULL REFERENCES centre,
  kind            text NOT NULL CHECK (kind IN (
    'button', 'pull_cord', 'camera', 'sensor', 'card_reader', 'siren', 'lamp', 'tablet', 'gateway', 'observer')),
  name            text NOT NULL,
  name_en         text NOT NULL,
  -- SHA-256 of a password of at least 128 random bits; a slow hash guards human passwords, not these
  credential_hash bytea CHECK (length(credential_hash) = 32),
  enabled         boolean NOT NULL DEFAULT true,
  rtsp_url        text,                          -- cameras only
  heartbeat       interval NOT NULL DEFAULT '5 minutes',   -- silent for longer than this: noticed
  state           text NOT NULL DEFAULT 'unknown' CHECK (state IN ('unknown', 'online', 'offline')),
  state_at        timestamptz,
  heard_at        timestamptz,
  firmware        text NOT NULL DEFAULT '',
  battery_percent real,
  CHECK ((kind = 'camera') = (rtsp_url IS NOT NULL))
);
CREATE INDEX device_centre ON device (centre_id);
CREATE TRIGGER device_told AFTER INSERT OR UPDATE OF state, enabled, credential_hash, rtsp_url, kind ON device
  FOR EACH ROW EXECUTE FUNCTION tell_change('device', 'id');

-- Whose a device is, from when to when: a senior's or a room's.
CREATE TABLE assignment (
  id        text PRIMARY KEY,
  device_id text NOT NULL REFERENCES device,
  senior_id text REFERENCES senior,
  room_id   text REFERENCES room,
  from_at   timestamptz NOT NULL,
  to_at     timestamptz CHECK (to_at > from_at),
  CHECK (num_nonnulls(senior_id, room_id) = 1),
  EXCLUDE USING gist (device_id WITH =, tstzrange(from_at, to_at) WITH &&)
);
CREATE INDEX assignment_senior ON assignment (senior_id) WHERE to_at IS NULL;
CREATE INDEX assignment_room ON assignment (room_id) WHERE to_at IS NULL;
CREATE TRIGGER assignment_told AFTER INSERT OR UPDATE ON assignment
  FOR EACH ROW EXECUTE FUNCTION tell_change('device', 'device_id');

-- The device outbox: messages to devices, written in the transaction that wants them, sent by one loop.
CREATE TABLE device_command (
  id          text PRIMARY KEY,
  device_id   text NOT NULL REFERENCES device,
  subtopic    text NOT NULL CHECK (subtopic IN ('cue', 'cmd')),
  payload     jsonb NOT NULL,
  alarm_id    text,
  made_at     timestamptz NOT NULL,
  until_at    timestamptz NOT NULL,
  retry_at    timestamptz NOT NULL,
  tries       integer NOT NULL DEFAULT 0,
  sent_at     timestamptz,
  nonce       text UNIQUE,
  proof       text,                              -- the state a `done` reported
  proven_at   timestamptz,
  ended_at    timestamptz                        -- proven, sent where no proof exists, replaced, or given up
);
CREATE INDEX device_command_due ON device_command (retry_at) WHERE ended_at IS NULL;
CREATE TRIGGER device_command_told AFTER INSERT ON device_command
  FOR EACH ROW EXECUTE FUNCTION tell_change('device_command', 'device_id');

GRANT SELECT, INSERT, UPDATE ON device, assignment, device_command TO anling_hub;
GRANT SELECT (id, number, centre_id, kind, name, name_en, enabled, state, state_at, heard_at, firmware, battery_percent)
  ON device TO anling_web;
GRANT SELECT ON assignment TO anling_web;
