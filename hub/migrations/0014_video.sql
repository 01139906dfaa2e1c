-- Who looked at which room, from when to when, and why that was allowed. Written before the first frame.
CREATE TABLE viewing (
  id             text PRIMARY KEY CHECK (id ~ '^v-[0-9a-hjkmnp-tv-z]{26}$'),
  centre_id      text NOT NULL REFERENCES centre,
  camera_id      text NOT NULL REFERENCES device,
  room_id        text NOT NULL REFERENCES room,
  account_id     text NOT NULL REFERENCES account,
  session_id     bytea NOT NULL REFERENCES session,
  senior_id      text REFERENCES senior,     -- a family member's; staff look at a room
  alarm_id       text REFERENCES alarm,      -- the accepted alarm that opened the room, if one did
  because        text NOT NULL CHECK (because IN ('consent', 'stated-reason', 'accepted-alarm')),
  reason         text NOT NULL DEFAULT '' CHECK (length(reason) <= 200),   -- in a staff member's words
  allowed_since  timestamptz NOT NULL,       -- nothing captured before it is ever sent
  opened_at      timestamptz NOT NULL,
  started_at     timestamptz CHECK (started_at >= opened_at),
  first_frame_at timestamptz CHECK (first_frame_at >= opened_at),   -- as the page reports it
  frames         bigint NOT NULL DEFAULT 0 CHECK (frames >= 0),
  ended_at       timestamptz CHECK (ended_at >= opened_at),
  ended_because  text CHECK (ended_because ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
  CHECK ((ended_at IS NULL) = (ended_because IS NULL)),
  CHECK (because <> 'consent' OR senior_id IS NOT NULL),
  CHECK (because <> 'stated-reason' OR reason <> ''),
  CHECK (because <> 'accepted-alarm' OR alarm_id IS NOT NULL)
);
CREATE INDEX viewing_open ON viewing (opened_at) WHERE ended_at IS NULL;
CREATE INDEX viewing_room ON viewing (room_id, opened_at);
CREATE TRIGGER viewing_told AFTER INSERT OR UPDATE OF started_at, ended_at ON viewing
  FOR EACH ROW EXECUTE FUNCTION tell_change('viewing', 'id');

-- Who left a room a moment ago counts until no picture of her is kept.
CREATE INDEX presence_room_left ON presence (room_id, to_at);

-- What starts a viewing: once, soon, and only in the session that opened it.
CREATE TABLE video_ticket (
  hash       bytea PRIMARY KEY CHECK (length(hash) = 32),   -- SHA-256 of the ticket
  viewing_id text NOT NULL UNIQUE REFERENCES viewing,
  ends_at    timestamptz NOT NULL,
  used_at    timestamptz
);

GRANT SELECT, INSERT, UPDATE ON viewing, video_ticket TO anling_hub;
GRANT SELECT (id, centre_id, camera_id, room_id, account_id, senior_id, alarm_id, because, opened_at, started_at,
              first_frame_at, frames, ended_at, ended_because) ON viewing TO anling_web;

-- Whether a senior of this account's was in the room at any moment of that time.
CREATE FUNCTION relative_was_in(wanted_room_id text, from_moment timestamptz, to_moment timestamptz) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT EXISTS (
    SELECT FROM presence
     WHERE room_id = wanted_room_id AND is_relative_of(senior_id)
       AND from_at < coalesce(to_moment, 'infinity') AND coalesce(to_at, 'infinity') > from_moment)
$$;
-- The name of whoever looked, for those who may read the viewing but no accounts.
CREATE FUNCTION viewing_account_name(wanted_viewing_id text) RETURNS TABLE (name text, name_en text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT account.name, account.name_en
    FROM viewing JOIN account ON account.id = viewing.account_id
   WHERE viewing.id = wanted_viewing_id
     AND (viewing.account_id = current_account() OR sees_seniors_of(viewing.centre_id)
          OR relative_was_in(viewing.room_id, viewing.opened_at, viewing.ended_at))
$$;

ALTER TABLE viewing ENABLE ROW LEVEL SECURITY;
CREATE POLICY viewing_hub ON viewing TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY viewing_web ON viewing FOR SELECT TO anling_web
  USING (account_id = current_account() OR sees_seniors_of(centre_id)
         OR relative_was_in(room_id, opened_at, ended_at));
ALTER TABLE video_ticket ENABLE ROW LEVEL SECURITY;
CREATE POLICY video_ticket_hub ON video_ticket TO anling_hub USING (true) WITH CHECK (true);
