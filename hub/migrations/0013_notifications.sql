-- The outbox: one message to one responder over one channel, until it is taken or dead.
CREATE TABLE notification (
  id                text PRIMARY KEY,
  centre_id         text NOT NULL REFERENCES centre,
  alarm_id          text NOT NULL REFERENCES alarm,
  n                 integer NOT NULL CHECK (n > 0),    -- the n of "#23-07·n": which telling of this alarm
  account_id        text NOT NULL REFERENCES account,
  contact_method_id text NOT NULL REFERENCES contact_method,
  channel           text NOT NULL CHECK (channel IN ('webhook', 'email')),
  priority          text NOT NULL CHECK (priority IN ('P1', 'P2')),
  template          text NOT NULL CHECK (template ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  params            jsonb NOT NULL,
  state             text NOT NULL CHECK (state IN (
    'queued', 'leased', 'retry', 'taken', 'delivered', 'seen', 'acted', 'failed', 'dead', 'withdrawn')),
  lease_until       timestamptz,
  leased_by         text,
  tries             integer NOT NULL DEFAULT 0,
  next_at           timestamptz NOT NULL,
  provider_id       text,
  error             text,                    -- a code, never what a provider wrote
  unwanted          boolean NOT NULL DEFAULT false,   -- withdrawn while it was on its way: not tried again
  made_at           timestamptz NOT NULL,
  taken_at          timestamptz,
  acted_at          timestamptz,
  ended_at          timestamptz,             -- failed, dead or withdrawn
  UNIQUE (alarm_id, n, account_id, contact_method_id),
  CHECK ((state = 'leased') = (lease_until IS NOT NULL) AND (state = 'leased') = (leased_by IS NOT NULL)),
  CHECK ((state IN ('taken', 'delivered', 'seen', 'acted')) = (taken_at IS NOT NULL)),
  CHECK ((state IN ('failed', 'dead', 'withdrawn')) = (ended_at IS NOT NULL))
);
CREATE INDEX notification_due ON notification (next_at) WHERE state IN ('queued', 'retry');
CREATE INDEX notification_leased ON notification (lease_until) WHERE state = 'leased';
CREATE INDEX notification_told ON notification (alarm_id, taken_at);

-- The link in a notification: one account, one alarm. Each attempt to send makes one, and any that arrived works:
-- an attempt without an answer may have arrived.
CREATE TABLE accept_link (
  id              bytea PRIMARY KEY CHECK (length(id) = 32),   -- SHA-256 of the link's token
  notification_id text NOT NULL REFERENCES notification,
  alarm_id        text NOT NULL REFERENCES alarm,
  account_id      text NOT NULL REFERENCES account,
  made_at         timestamptz NOT NULL,
  ends_at         timestamptz NOT NULL
);
CREATE INDEX accept_link_notification ON accept_link (notification_id);

-- The deliverer hears what is queued, the alarms hear what is taken; that something is on its way is news to nobody.
CREATE TRIGGER notification_told AFTER INSERT OR UPDATE OF state ON notification
  FOR EACH ROW WHEN (NEW.state IN ('queued', 'taken')) EXECUTE FUNCTION tell_change('notification', 'id');
-- Who has been told is on the alarm's card.
CREATE TRIGGER notification_told_alarm AFTER INSERT OR UPDATE OF state ON notification
  FOR EACH ROW WHEN (NEW.state <> 'leased') EXECUTE FUNCTION tell_change('alarm', 'alarm_id');

GRANT SELECT, INSERT, UPDATE ON notification TO anling_hub;
GRANT SELECT, INSERT ON accept_link TO anling_hub;
GRANT SELECT (id, centre_id, alarm_id, n, account_id, channel, priority, template, state, tries, made_at, taken_at)
  ON notification TO anling_web;
ALTER TABLE notification ENABLE ROW LEVEL SECURITY;
CREATE POLICY notification_hub ON notification TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY notification_web ON notification FOR SELECT TO anling_web USING (sees_seniors_of(centre_id));
