-- What attendance publishes: who is here, and who is or was in a room. Put into the statement that asks, like
-- assignments_at.
CREATE FUNCTION open_visits() RETURNS TABLE (id text, senior_id text, arrived_at timestamptz)
  LANGUAGE sql STABLE
  BEGIN ATOMIC
    SELECT visit.id, visit.senior_id, visit.arrived_at FROM visit WHERE visit.left_at IS NULL;
  END;

CREATE FUNCTION open_stays()
  RETURNS TABLE (senior_id text, room_id text, from_at timestamptz, evidence_at timestamptz)
  LANGUAGE sql STABLE
  BEGIN ATOMIC
    SELECT presence.senior_id, presence.room_id, presence.from_at, presence.evidence_at
      FROM presence
     WHERE presence.to_at IS NULL;
  END;

-- Who is in the room, and who left it after `since`; `to_at` is null for those who are there.
CREATE FUNCTION present_in_room(wanted_room_id text, since timestamptz)
  RETURNS TABLE (senior_id text, from_at timestamptz, to_at timestamptz)
  LANGUAGE sql STABLE
  BEGIN ATOMIC
    SELECT presence.senior_id, presence.from_at, presence.to_at
      FROM presence
     WHERE presence.room_id = wanted_room_id AND (presence.to_at IS NULL OR presence.to_at > since);
  END;
