-- What devices said on the alarm lane, what was heard before, and what nobody could read.
CREATE TABLE press (
  id                text PRIMARY KEY CHECK (id ~ '^p-[0-9a-hjkmnp-tv-z]{26}$'),
  centre_id         text NOT NULL REFERENCES centre,
  device_id         text NOT NULL REFERENCES device,
  message_id        text,
  seq               bigint CHECK (seq >= 0),
  kind              text NOT NULL CHECK (kind IN (
    'press', 'long_press', 'double_press', 'pull_cord', 'fall', 'cancel', 'test')),
  of_message_id     text,                        -- the press that a cancel names
  pressed_at        timestamptz NOT NULL,
  received_at       timestamptz NOT NULL,
  late              boolean NOT NULL,
  time_uncertain    boolean NOT NULL,
  old               boolean NOT NULL DEFAULT false,   -- kept by a broker, and never heard before
  senior_id         text REFERENCES senior,      -- whose the device was when it was pressed
  room_id           text REFERENCES room,
  digest            bytea NOT NULL CHECK (length(digest) = 32),
  unreadable_reason text,                        -- nobody could read it: kind is press, because it may have been one
  CHECK (num_nonnulls(senior_id, room_id) <= 1),
  CHECK (message_id IS NOT NULL OR unreadable_reason IS NOT NULL),
  CHECK (unreadable_reason IS NULL OR kind = 'press'),
  CHECK ((kind = 'cancel') = (of_message_id IS NOT NULL)),
  CHECK (pressed_at <= received_at),
  CHECK (NOT time_uncertain OR NOT late)
);
CREATE INDEX press_device ON press (device_id, received_at);
CREATE INDEX press_message ON press (device_id, message_id);
CREATE INDEX press_cancels ON press (device_id, of_message_id) WHERE kind = 'cancel';

-- A message counts once: (device, id, digest of what a retry does not change). An unreadable one has no id that could
-- be trusted: it counts once in ten minutes by the digest of all its bytes.
CREATE TABLE seen_message (
  device_id  text NOT NULL REFERENCES device,
  lane       text NOT NULL CHECK (lane IN ('alarm', 'unreadable', 'visit')),
  message_id text NOT NULL,
  digest     bytea NOT NULL CHECK (length(digest) = 32),
  at         timestamptz NOT NULL,
  press_id   text REFERENCES press DEFERRABLE INITIALLY DEFERRED,
  PRIMARY KEY (device_id, lane, message_id, digest),
  CHECK ((lane = 'unreadable') = (message_id = '')),
  CHECK ((lane = 'visit') = (press_id IS NULL))
);

CREATE TABLE quarantine (
  id          text PRIMARY KEY,
  centre_id   text NOT NULL REFERENCES centre,
  device_id   text,                              -- as the topic says; there may be no such device
  topic       text NOT NULL CHECK (length(topic) <= 256),
  reason      text NOT NULL CHECK (reason ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
  detail      text NOT NULL CHECK (length(detail) <= 200),   -- names the field that is wrong, never its value
  payload     bytea NOT NULL,
  digest      bytea NOT NULL CHECK (length(digest) = 32),
  received_at timestamptz NOT NULL,
  last_at     timestamptz NOT NULL,
  times       integer NOT NULL DEFAULT 1,
  UNIQUE (centre_id, topic, digest)
);
CREATE INDEX quarantine_newest ON quarantine (centre_id, last_at);

GRANT SELECT, INSERT ON press TO anling_hub;
GRANT SELECT, INSERT, UPDATE ON seen_message TO anling_hub;
GRANT SELECT, INSERT, UPDATE, DELETE ON quarantine TO anling_hub;
