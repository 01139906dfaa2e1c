-- What the alarms publish: the real P1 alarms that somebody has accepted and not resolved; each opens the picture of its
-- room, or of the room its senior is in, to its owner. Put into the statement that asks, like assignments_at.
CREATE FUNCTION accepted_alarms()
  RETURNS TABLE (id text, owner_id text, senior_id text, room_id text, accepted_at timestamptz)
  LANGUAGE sql STABLE
  BEGIN ATOMIC
    SELECT alarm.id, alarm.owner_id, alarm.senior_id, alarm.room_id, alarm.accepted_at
      FROM alarm
     WHERE alarm.priority = 'P1' AND NOT alarm.drill AND alarm.state IN ('accepted', 'on_scene');
  END;
