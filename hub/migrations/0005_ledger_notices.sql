-- The append-only record (ids, codes and times), and technical matters that need somebody soon.
CREATE TABLE ledger_care (
  centre_id text NOT NULL REFERENCES centre,
  n         bigint NOT NULL CHECK (n > 0),
  at        timestamptz NOT NULL,
  entry     text NOT NULL,          -- canonical JSON, the exact bytes that were hashed
  hash      bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (centre_id, n)
);
CREATE TABLE ledger_access (LIKE ledger_care INCLUDING ALL);
ALTER TABLE ledger_access ADD FOREIGN KEY (centre_id) REFERENCES centre;

-- The head of each chain: locked by the last statement before a commit.
CREATE TABLE ledger_head (
  centre_id text NOT NULL REFERENCES centre,
  chain     text NOT NULL CHECK (chain IN ('care', 'access')),
  n         bigint NOT NULL,
  hash      bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (centre_id, chain)
);
CREATE TRIGGER ledger_care_kept BEFORE UPDATE OR DELETE ON ledger_care
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_access_kept BEFORE UPDATE OR DELETE ON ledger_access
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_care_whole BEFORE TRUNCATE ON ledger_care EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_access_whole BEFORE TRUNCATE ON ledger_access EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON ledger_care, ledger_access TO anling_hub;
GRANT SELECT, INSERT, UPDATE ON ledger_head TO anling_hub;

CREATE TABLE notice (
  id          text PRIMARY KEY,
  centre_id   text NOT NULL REFERENCES centre,
  code        text NOT NULL CHECK (code ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  priority    text NOT NULL CHECK (priority IN ('P3', 'P4')),
  subject     text NOT NULL,        -- "device:b-01", "room:gym", "hub": what it is about
  params      jsonb NOT NULL DEFAULT '{}',
  raised_at   timestamptz NOT NULL,
  last_at     timestamptz NOT NULL,
  times       integer NOT NULL DEFAULT 1,
  cleared_at  timestamptz
);
CREATE UNIQUE INDEX notice_standing ON notice (centre_id, code, subject) WHERE cleared_at IS NULL;
CREATE TRIGGER notice_told AFTER INSERT OR UPDATE ON notice
  FOR EACH ROW EXECUTE FUNCTION tell_change('notice', 'id');
GRANT SELECT, INSERT, UPDATE ON notice TO anling_hub;
GRANT SELECT ON notice TO anling_web;
