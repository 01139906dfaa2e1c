-- Accounts, their sessions and channels, and who may see whom.
CREATE TABLE account (
  id              text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  person          uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  centre_id       text NOT NULL REFERENCES centre,
  organisation_id text REFERENCES organisation,
  role            text NOT NULL CHECK (role IN (
    'staff', 'social_worker', 'lead', 'grid_head', 'street_office', 'family', 'auditor', 'administrator')),
  name            text NOT NULL,
  name_en         text NOT NULL,
  phone           text NOT NULL DEFAULT '',
  email           text NOT NULL DEFAULT '',
  language        text NOT NULL DEFAULT 'zh-CN' CHECK (language IN ('zh-CN', 'en')),
  password_hash   text,                          -- argon2id; family members have none
  demo            boolean NOT NULL DEFAULT false, -- may sign in only while the demo runs
  active          boolean NOT NULL DEFAULT true
);
CREATE TRIGGER account_told AFTER INSERT OR UPDATE ON account
  FOR EACH ROW EXECUTE FUNCTION tell_change('account', 'id');

CREATE TABLE session (
  id           bytea PRIMARY KEY CHECK (length(id) = 32),   -- SHA-256 of the cookie's value
  account_id   text NOT NULL REFERENCES account,
  kind         text NOT NULL CHECK (kind IN ('staff', 'family')),
  created_at   timestamptz NOT NULL,
  seen_at      timestamptz NOT NULL,
  idle_until   timestamptz NOT NULL,
  ends_at      timestamptz NOT NULL,
  ended_at     timestamptz
);
CREATE INDEX session_account ON session (account_id) WHERE ended_at IS NULL;
CREATE TRIGGER session_told AFTER UPDATE OF ended_at ON session
  FOR EACH ROW EXECUTE FUNCTION tell_change('session', 'account_id');

-- One way to reach an account, and when it was last proven.
CREATE TABLE contact_method (
  id          text PRIMARY KEY,
  account_id  text NOT NULL REFERENCES account,
  channel     text NOT NULL CHECK (channel IN ('webhook', 'email')),
  address     text NOT NULL,
  verified_at timestamptz,
  tested_at   timestamptz,
  test_failed boolean NOT NULL DEFAULT false,
  rank        smallint NOT NULL DEFAULT 0,
  UNIQUE (account_id, channel, address)
);

-- A link that lets a family member in once, on the phone whose number staff wrote down.
CREATE TABLE invitation (
  id         bytea PRIMARY KEY CHECK (length(id) = 32),     -- SHA-256 of the link's token
  account_id text NOT NULL REFERENCES account,
  made_by    text REFERENCES account,
  made_at    timestamptz NOT NULL,
  ends_at    timestamptz NOT NULL,
  used_at    timestamptz,
  reusable   boolean NOT NULL DEFAULT false                 -- the demo's, so that a stranger can look twice
);

CREATE TABLE relation (
  id           text PRIMARY KEY,
  account_id   text NOT NULL REFERENCES account,
  senior_id    text NOT NULL REFERENCES senior,
  kinship      text NOT NULL CHECK (kinship IN ('daughter', 'son', 'spouse', 'grandchild', 'sibling', 'other')),
  confirmed_by text REFERENCES account,
  confirmed_at timestamptz,
  blocked_at   timestamptz,
  UNIQUE (account_id, senior_id)
);
CREATE TRIGGER relation_told AFTER INSERT OR UPDATE OR DELETE ON relation
  FOR EACH ROW EXECUTE FUNCTION tell_change('grant', 'senior_id');

CREATE TABLE consent (
  id           text PRIMARY KEY,
  senior_id    text NOT NULL REFERENCES senior,
  account_id   text NOT NULL REFERENCES account,
  covers       text NOT NULL CHECK (covers IN ('live_video', 'whereabouts', 'alarms')),
  given_at     timestamptz NOT NULL,
  explained_by text NOT NULL REFERENCES account,
  language     text NOT NULL,
  witness      text NOT NULL,
  text_version text NOT NULL,
  ends_at      timestamptz,
  withdrawn_at timestamptz
);
CREATE UNIQUE INDEX consent_standing ON consent (senior_id, account_id, covers) WHERE withdrawn_at IS NULL;
CREATE TRIGGER consent_told AFTER INSERT OR UPDATE OR DELETE ON consent
  FOR EACH ROW EXECUTE FUNCTION tell_change('grant', 'senior_id');

-- "Not now", said by the senior.
CREATE TABLE veto (
  id        text PRIMARY KEY,
  senior_id text NOT NULL REFERENCES senior,
  from_at   timestamptz NOT NULL,
  until_at  timestamptz,
  said_by   text NOT NULL CHECK (said_by IN ('tablet', 'card', 'staff'))
);
CREATE TRIGGER veto_told AFTER INSERT OR UPDATE OR DELETE ON veto
  FOR EACH ROW EXECUTE FUNCTION tell_change('grant', 'senior_id');

GRANT SELECT, INSERT, UPDATE ON account, session, contact_method, invitation, relation, consent, veto TO anling_hub;
GRANT SELECT ON account, relation, consent, veto TO anling_web;

-- A family member's rows end at her own relations; staff see their centre.
CREATE FUNCTION account_role() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT role FROM account WHERE id = current_account() AND active
$$;
CREATE FUNCTION is_relative_of(wanted_senior_id text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT EXISTS (
    SELECT FROM relation
     WHERE account_id = current_account() AND senior_id = wanted_senior_id
       AND confirmed_at IS NOT NULL AND blocked_at IS NULL)
$$;
CREATE FUNCTION sees_seniors_of(wanted_centre_id text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT EXISTS (
    SELECT FROM account
     WHERE id = current_account() AND active AND centre_id = wanted_centre_id
       AND role IN ('staff', 'social_worker', 'lead', 'grid_head', 'street_office', 'administrator'))
$$;

ALTER TABLE senior ENABLE ROW LEVEL SECURITY;
CREATE POLICY senior_hub ON senior TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY senior_web ON senior FOR SELECT TO anling_web
  USING (sees_seniors_of(centre_id) OR is_relative_of(id));
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY account_hub ON account TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY account_web ON account FOR SELECT TO anling_web
  USING (id = current_account() OR sees_seniors_of(centre_id));
ALTER TABLE relation ENABLE ROW LEVEL SECURITY;
CREATE POLICY relation_hub ON relation TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY relation_web ON relation FOR SELECT TO anling_web
  USING (account_id = current_account()
         OR EXISTS (SELECT FROM senior WHERE senior.id = senior_id AND sees_seniors_of(senior.centre_id)));
ALTER TABLE consent ENABLE ROW LEVEL SECURITY;
CREATE POLICY consent_hub ON consent TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY consent_web ON consent FOR SELECT TO anling_web
  USING (account_id = current_account()
         OR EXISTS (SELECT FROM senior WHERE senior.id = senior_id AND sees_seniors_of(senior.centre_id)));
ALTER TABLE veto ENABLE ROW LEVEL SECURITY;
CREATE POLICY veto_hub ON veto TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY veto_web ON veto FOR SELECT TO anling_web
  USING (EXISTS (SELECT FROM senior WHERE senior.id = senior_id AND sees_seniors_of(senior.centre_id)));
