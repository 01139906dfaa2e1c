-- What the fleet publishes: whose a device is at a moment. Others ask this instead of comparing times themselves.
-- The bodies are plain, without SECURITY DEFINER and SET, so that the planner puts them into the statement that calls
-- them: the reader's own rights and row-level security hold, and nothing is slower than the comparison written out.
CREATE FUNCTION assignments_at(at timestamptz)
  RETURNS TABLE (device_id text, senior_id text, room_id text, from_at timestamptz)
  LANGUAGE sql STABLE
  BEGIN ATOMIC
    SELECT assignment.device_id, assignment.senior_id, assignment.room_id, assignment.from_at
      FROM assignment
     WHERE assignment.from_at <= at AND (assignment.to_at IS NULL OR assignment.to_at > at);
  END;

CREATE FUNCTION device_assigned_at(wanted_device_id text, at timestamptz)
  RETURNS TABLE (senior_id text, room_id text)
  LANGUAGE sql STABLE
  BEGIN ATOMIC
    SELECT assigned.senior_id, assigned.room_id
      FROM assignments_at(at) AS assigned
     WHERE assigned.device_id = wanted_device_id;
  END;
