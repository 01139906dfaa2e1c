-- Alarms: their states, timers and records, and what stays true even if the code is wrong.

-- How an alarm climbs. A change is a new version; each alarm keeps a copy of the one that was current at its birth.
CREATE TABLE escalation_policy (
  id         text PRIMARY KEY,
  centre_id  text NOT NULL REFERENCES centre,
  applies    text NOT NULL CHECK (applies IN ('opening_hours', 'out_of_hours')),
  name       text NOT NULL,
  version    integer NOT NULL CHECK (version > 0),
  -- [{"wait_seconds": 30, "targets": ["board", "duty:primary"]}, …]
  tiers      jsonb NOT NULL CHECK (jsonb_typeof(tiers) = 'array' AND jsonb_array_length(tiers) > 0),
  made_at    timestamptz NOT NULL,
  made_by    text REFERENCES account,
  current    boolean NOT NULL,
  UNIQUE (centre_id, applies, version)
);
CREATE UNIQUE INDEX escalation_policy_current ON escalation_policy (centre_id, applies) WHERE current;

CREATE TABLE alarm (
  id              text PRIMARY KEY CHECK (id ~ '^a-[0-9a-hjkmnp-tv-z]{26}$'),
  centre_id       text NOT NULL REFERENCES centre,
  key             text NOT NULL,             -- centre : subject : class; a drill has its own
  klass           text NOT NULL CHECK (klass ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  number          text NOT NULL CHECK (number ~ '^\d\d-\d\d+$'),   -- said aloud: day and count; gaps are allowed
  priority        text NOT NULL CHECK (priority IN ('P1', 'P2')),
  state           text NOT NULL CHECK (state IN ('open', 'accepted', 'on_scene', 'resolved', 'closed')),
  version         integer NOT NULL CHECK (version > 0),
  epoch           integer NOT NULL CHECK (epoch > 0),   -- counts changes of (state, owner, tier) and nothing else
  tier            smallint NOT NULL CHECK (tier >= 0),
  policy          jsonb NOT NULL,            -- the copy
  senior_id       text REFERENCES senior,
  room_id         text REFERENCES room,
  device_id       text REFERENCES device,
  rule_id         text NOT NULL,
  summary         jsonb NOT NULL,            -- text per language
  opened_at       timestamptz NOT NULL,
  open_since      timestamptz NOT NULL,      -- when it last became open
  changed_at      timestamptz NOT NULL,
  pressed_at      timestamptz,
  accepted_at     timestamptz,
  on_scene_at     timestamptz,
  resolved_at     timestamptz,
  closed_at       timestamptz,
  owner_id        text REFERENCES account,
  resolved_by     text REFERENCES account,
  outcome         text CHECK (outcome IN (
    'assisted', 'reassurance', 'company', 'accidental', 'device_fault', 'fall', 'ambulance')),
  times_pressed   integer NOT NULL DEFAULT 0,
  times_told      integer NOT NULL DEFAULT 0,    -- the n of "#23-07·n"
  hurried_at      timestamptz,               -- when three presses within 30 s last took a tier
  confirm_by      timestamptz,               -- she pressed again: when the owner must have answered
  nudges          smallint NOT NULL DEFAULT 0,
  lease_renewals  smallint NOT NULL DEFAULT 0 CHECK (lease_renewals <= 3),
  handover_to     text REFERENCES account,
  handover_until  timestamptz,
  linked_id       text REFERENCES alarm,     -- the same key before it, or another class of the same subject
  silenced_until  timestamptz,
  drill           boolean NOT NULL DEFAULT false,
  late            boolean NOT NULL DEFAULT false,
  time_uncertain  boolean NOT NULL DEFAULT false,
  degraded        boolean NOT NULL DEFAULT false,
  unreachable     boolean NOT NULL DEFAULT false,
  cancel_requested boolean NOT NULL DEFAULT false,
  CONSTRAINT alarm_owner CHECK ((state IN ('accepted', 'on_scene')) = (owner_id IS NOT NULL)),
  CONSTRAINT alarm_outcome CHECK ((state IN ('resolved', 'closed')) = (outcome IS NOT NULL)),
  CONSTRAINT alarm_resolved CHECK ((outcome IS NULL) = (resolved_at IS NULL) AND (outcome IS NULL) = (resolved_by IS NULL)),
  CONSTRAINT alarm_closed CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
  CONSTRAINT alarm_handover CHECK (
    (handover_to IS NULL) = (handover_until IS NULL) AND (handover_to IS NULL OR owner_id IS NOT NULL)),
  CONSTRAINT alarm_p1_is_never_silent CHECK (priority <> 'P1' OR silenced_until IS NULL)
);
CREATE UNIQUE INDEX alarm_live ON alarm (key) WHERE state IN ('open', 'accepted', 'on_scene');
CREATE INDEX alarm_board ON alarm (centre_id, opened_at) WHERE state <> 'closed';
CREATE INDEX alarm_key ON alarm (key, opened_at);
CREATE INDEX alarm_senior ON alarm (senior_id, opened_at);
CREATE INDEX alarm_unreachable ON alarm (id) WHERE unreachable;

-- The count behind the number of the day.
CREATE TABLE alarm_number (
  centre_id text NOT NULL REFERENCES centre,
  day       date NOT NULL,
  n         integer NOT NULL,
  PRIMARY KEY (centre_id, day)
);

CREATE TABLE alarm_press (
  press_id   text PRIMARY KEY REFERENCES press DEFERRABLE INITIALLY DEFERRED,   -- a press has exactly one alarm
  alarm_id   text NOT NULL REFERENCES alarm DEFERRABLE INITIALLY DEFERRED,
  device_id  text REFERENCES device,
  pressed_at timestamptz NOT NULL
);
CREATE INDEX alarm_press_alarm ON alarm_press (alarm_id);

CREATE TABLE alarm_timer (
  id       text PRIMARY KEY,
  alarm_id text NOT NULL REFERENCES alarm,
  kind     text NOT NULL CHECK (kind IN (
    'escalate', 'repeat', 'unreachable', 'arrive', 'lease', 'confirm', 'resolve', 'close', 'shift_end', 'handover')),
  due_at   timestamptz NOT NULL,
  epoch    integer NOT NULL,
  made_at  timestamptz NOT NULL,
  done_at  timestamptz,
  ended    text CHECK (ended IN ('fired', 'void')),
  CHECK ((done_at IS NULL) = (ended IS NULL)),
  CONSTRAINT alarm_timer_is_soon CHECK (kind = 'shift_end' OR due_at <= made_at + interval '15 minutes')
);
CREATE UNIQUE INDEX alarm_timer_pending ON alarm_timer (alarm_id, kind) WHERE done_at IS NULL;
CREATE INDEX alarm_timer_due ON alarm_timer (due_at) WHERE done_at IS NULL;

-- What happened to an alarm, one row for each version: ids and codes, in the order people read.
CREATE TABLE alarm_step (
  alarm_id   text NOT NULL REFERENCES alarm,
  version    integer NOT NULL,
  at         timestamptz NOT NULL,
  what       text NOT NULL CHECK (what ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  by_account text REFERENCES account,
  params     jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (alarm_id, version)
);

-- What people wrote. The ledger carries SHA-256 of salt and sentence, so that a sentence can be erased.
CREATE TABLE alarm_sentence (
  id         text PRIMARY KEY,
  alarm_id   text NOT NULL REFERENCES alarm,
  about      text NOT NULL CHECK (about IN ('arrival', 'outcome', 'review')),
  by_account text NOT NULL REFERENCES account,
  at         timestamptz NOT NULL,
  salt       bytea NOT NULL CHECK (length(salt) = 16),
  sentence   text NOT NULL CHECK (length(sentence) BETWEEN 1 AND 2000)
);
CREATE INDEX alarm_sentence_alarm ON alarm_sentence (alarm_id);

-- Who helps the owner, and which sirens and lamps an alarm has turned on.
CREATE TABLE alarm_helper (
  alarm_id   text NOT NULL REFERENCES alarm,
  account_id text NOT NULL REFERENCES account,
  at         timestamptz NOT NULL,
  PRIMARY KEY (alarm_id, account_id)
);
CREATE TABLE alarm_device (
  alarm_id  text NOT NULL REFERENCES alarm,
  device_id text NOT NULL REFERENCES device,
  on_at     timestamptz NOT NULL,
  off_at    timestamptz,
  PRIMARY KEY (alarm_id, device_id)
);
CREATE INDEX alarm_device_on ON alarm_device (device_id) WHERE off_at IS NULL;

-- Only the transitions of the table T1 to T23.
CREATE FUNCTION alarm_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moved boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF (NEW.state, NEW.version, NEW.epoch) IS DISTINCT FROM ('open', 1, 1) THEN
      RAISE EXCEPTION 'alarm % is not born open', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.id, NEW.centre_id, NEW.key, NEW.klass, NEW.number, NEW.priority, NEW.policy, NEW.opened_at, NEW.drill)
     IS DISTINCT FROM
     (OLD.id, OLD.centre_id, OLD.key, OLD.klass, OLD.number, OLD.priority, OLD.policy, OLD.opened_at, OLD.drill) THEN
    RAISE EXCEPTION 'alarm %: what it was born with does not change', OLD.id USING ERRCODE = 'check_violation';
  END IF;
  IF NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[
    'open>open', 'open>accepted',
    'accepted>accepted', 'accepted>on_scene', 'accepted>resolved', 'accepted>open',
    'on_scene>on_scene', 'on_scene>resolved', 'on_scene>open',
    'resolved>resolved', 'resolved>open', 'resolved>closed']) THEN
    RAISE EXCEPTION 'alarm %: from % to % is not in the table', OLD.id, OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.state = 'open' AND NEW.tier < OLD.tier THEN
    RAISE EXCEPTION 'alarm %: an open alarm only climbs', OLD.id USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.version <> OLD.version + 1 THEN
    RAISE EXCEPTION 'alarm %: version % does not follow %', OLD.id, NEW.version, OLD.version
      USING ERRCODE = 'check_violation';
  END IF;
  moved := (NEW.state, NEW.owner_id, NEW.tier) IS DISTINCT FROM (OLD.state, OLD.owner_id, OLD.tier);
  IF NEW.epoch <> OLD.epoch + moved::integer THEN
    RAISE EXCEPTION 'alarm %: epoch % does not follow %', OLD.id, NEW.epoch, OLD.epoch USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER alarm_moves BEFORE INSERT OR UPDATE ON alarm FOR EACH ROW EXECUTE FUNCTION alarm_moves();
CREATE TRIGGER alarm_kept BEFORE DELETE ON alarm FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER alarm_step_kept BEFORE UPDATE OR DELETE ON alarm_step FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- An alarm never falls silent: at the commit it waits for something, in its present epoch.
CREATE FUNCTION alarm_waits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted_id text := CASE WHEN TG_TABLE_NAME = 'alarm' THEN to_jsonb(NEW) ->> 'id' ELSE to_jsonb(NEW) ->> 'alarm_id' END;
  waiting   alarm;
BEGIN
  SELECT * INTO waiting FROM alarm WHERE id = wanted_id;
  IF waiting.state = 'closed' OR EXISTS (
    SELECT FROM alarm_timer
     WHERE alarm_id = waiting.id AND done_at IS NULL AND epoch = waiting.epoch
       AND kind = ANY (CASE waiting.state
             WHEN 'open' THEN ARRAY['escalate', 'repeat']
             WHEN 'accepted' THEN ARRAY['lease']
             WHEN 'on_scene' THEN ARRAY['resolve']
             WHEN 'resolved' THEN ARRAY['close'] END)) THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'alarm % is % and waits for nothing in epoch %', waiting.id, waiting.state, waiting.epoch
    USING ERRCODE = 'check_violation';
END
$$;
CREATE CONSTRAINT TRIGGER alarm_waits AFTER INSERT OR UPDATE ON alarm
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION alarm_waits();
CREATE CONSTRAINT TRIGGER alarm_timer_waits AFTER UPDATE ON alarm_timer
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION alarm_waits();

-- A stored press has an alarm. Withdrawals and test presses are for the rules to judge.
CREATE FUNCTION press_has_alarm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.kind NOT IN ('cancel', 'test') AND NOT EXISTS (SELECT FROM alarm_press WHERE press_id = NEW.id) THEN
    RAISE EXCEPTION 'press % has no alarm', NEW.id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER press_has_alarm AFTER INSERT ON press
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION press_has_alarm();

CREATE TRIGGER alarm_told AFTER INSERT OR UPDATE ON alarm
  FOR EACH ROW EXECUTE FUNCTION tell_change('alarm', 'id');
CREATE TRIGGER alarm_timer_told AFTER INSERT ON alarm_timer
  FOR EACH ROW EXECUTE FUNCTION tell_change('alarm_timer', 'alarm_id');

GRANT SELECT, INSERT, UPDATE ON alarm, alarm_number, alarm_timer, alarm_device, escalation_policy TO anling_hub;
GRANT SELECT, INSERT ON alarm_press, alarm_step, alarm_helper TO anling_hub;
GRANT SELECT, INSERT, DELETE ON alarm_sentence TO anling_hub;
GRANT SELECT ON alarm, alarm_step, alarm_sentence, alarm_helper, escalation_policy TO anling_web;

-- Staff read the alarms of their centre; a family member those of her senior, while consent covers alarms. A consent's
-- end is a time and SQL knows none: whoever asks for a family compares `ends_at` with hers.
CREATE FUNCTION hears_alarms_of(wanted_senior_id text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT is_relative_of(wanted_senior_id) AND EXISTS (
    SELECT FROM consent
     WHERE account_id = current_account() AND senior_id = wanted_senior_id
       AND covers = 'alarms' AND withdrawn_at IS NULL)
$$;
-- The name of whoever comes or came, for those who may read the alarm but no accounts.
CREATE FUNCTION alarm_owner_name(wanted_alarm_id text) RETURNS TABLE (name text, name_en text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT account.name, account.name_en
    FROM alarm JOIN account ON account.id = coalesce(alarm.owner_id, alarm.resolved_by)
   WHERE alarm.id = wanted_alarm_id
     AND (sees_seniors_of(alarm.centre_id) OR hears_alarms_of(alarm.senior_id))
$$;

ALTER TABLE alarm ENABLE ROW LEVEL SECURITY;
CREATE POLICY alarm_hub ON alarm TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY alarm_web ON alarm FOR SELECT TO anling_web
  USING (sees_seniors_of(centre_id) OR hears_alarms_of(senior_id));
ALTER TABLE alarm_step ENABLE ROW LEVEL SECURITY;
CREATE POLICY alarm_step_hub ON alarm_step TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY alarm_step_web ON alarm_step FOR SELECT TO anling_web
  USING (EXISTS (SELECT FROM alarm WHERE alarm.id = alarm_id AND sees_seniors_of(alarm.centre_id)));
ALTER TABLE alarm_sentence ENABLE ROW LEVEL SECURITY;
CREATE POLICY alarm_sentence_hub ON alarm_sentence TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY alarm_sentence_web ON alarm_sentence FOR SELECT TO anling_web
  USING (EXISTS (SELECT FROM alarm WHERE alarm.id = alarm_id AND sees_seniors_of(alarm.centre_id)));
ALTER TABLE alarm_helper ENABLE ROW LEVEL SECURITY;
CREATE POLICY alarm_helper_hub ON alarm_helper TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY alarm_helper_web ON alarm_helper FOR SELECT TO anling_web
  USING (EXISTS (SELECT FROM alarm WHERE alarm.id = alarm_id AND sees_seniors_of(alarm.centre_id)));
ALTER TABLE escalation_policy ENABLE ROW LEVEL SECURITY;
CREATE POLICY escalation_policy_hub ON escalation_policy TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY escalation_policy_web ON escalation_policy FOR SELECT TO anling_web USING (sees_seniors_of(centre_id));
