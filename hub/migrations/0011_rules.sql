-- What each rule remembers of each room, senior or device: changed in the transaction of the message that changed it.
CREATE TABLE rule_state (
  rule_id   text NOT NULL CHECK (rule_id ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
  key       text NOT NULL CHECK (key ~ '^(room|senior|device):'),
  priority  text NOT NULL CHECK (priority IN ('P1', 'P2', 'P3', 'P4')),
  centre_id text NOT NULL REFERENCES centre,
  device_id text NOT NULL REFERENCES device,      -- who spoke last
  senior_id text REFERENCES senior,
  room_id   text REFERENCES room,
  stage     text NOT NULL DEFAULT 'idle' CHECK (stage IN ('idle', 'pending', 'firing')),
  since_at  timestamptz,
  due_at    timestamptz,
  last_at   timestamptz,
  value     double precision,
  deaf      interval NOT NULL DEFAULT '0',        -- of the time since since_at: the hub could not hear
  unknown   boolean NOT NULL DEFAULT false,       -- a notice stands that the rule cannot be worked out here
  PRIMARY KEY (rule_id, key),
  CHECK ((stage = 'pending') = (due_at IS NOT NULL)),
  CHECK ((stage = 'idle') = (since_at IS NULL))
);
CREATE INDEX rule_state_due ON rule_state (due_at) WHERE stage = 'pending';

-- Which sets of rules have been in force, from when.
CREATE TABLE rule_set (
  hash      bytea NOT NULL CHECK (length(hash) = 32),   -- SHA-256 of the files
  loaded_at timestamptz NOT NULL,
  rules     integer NOT NULL,
  PRIMARY KEY (loaded_at, hash)
);

-- Until when the hub has been listening: what it could not hear counts against nobody.
CREATE TABLE rule_heard (
  one_row  boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  until_at timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON rule_state TO anling_hub;
GRANT SELECT, INSERT ON rule_set TO anling_hub;
GRANT SELECT, INSERT, UPDATE ON rule_heard TO anling_hub;
