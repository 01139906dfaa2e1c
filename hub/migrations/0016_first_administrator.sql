-- The link with which the first administrator makes her account, once a centre is imported.
CREATE TABLE first_administrator (
  id      bytea PRIMARY KEY CHECK (length(id) = 32),      -- SHA-256 of the link's token
  made_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  used_at timestamptz
);
GRANT SELECT, INSERT, UPDATE ON first_administrator TO anling_hub;
