-- No camera stands where people undress, are treated or speak in confidence, whoever writes the rows.

-- Whether a room of this type may have a camera; the centre's `NEVER_A_CAMERA` is compared with it in a test.
CREATE FUNCTION room_allows_camera(room_type text) RETURNS boolean
  LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT room_type NOT IN ('toilet', 'bath', 'changing', 'treatment', 'massage', 'counselling', 'staff_rest')
$$;

-- A device that begins to stand in a room. Both rows are locked until the commit, so that neither its kind nor what the
-- room is for changes unseen meanwhile: the triggers below then find this assignment.
CREATE FUNCTION refuse_camera_in_room() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  device_kind text;
  room_type text;
BEGIN
  IF NEW.room_id IS NULL OR NEW.to_at IS NOT NULL THEN
    RETURN NULL;
  END IF;
  SELECT device.kind INTO device_kind FROM device WHERE device.id = NEW.device_id FOR SHARE;
  IF device_kind = 'camera' THEN
    SELECT room.type INTO room_type FROM room WHERE room.id = NEW.room_id FOR SHARE;
    IF NOT room_allows_camera(room_type) THEN
      RAISE EXCEPTION 'no camera is allowed in room % of type %', NEW.room_id, room_type
        USING ERRCODE = 'check_violation', CONSTRAINT = 'room_allows_camera';
    END IF;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER assignment_allows_camera AFTER INSERT OR UPDATE OF device_id, room_id, to_at ON assignment
  FOR EACH ROW EXECUTE FUNCTION refuse_camera_in_room();

-- A room that becomes one of these types, and a device that becomes a camera. At the commit, because the same
-- transaction may move the camera out after it; only reading, because the ledger's head is locked by then. FROM
-- assignment: the constraint is the assignment's, as a foreign key of its own would be; rooms know nothing of devices.
CREATE FUNCTION refuse_room_with_camera() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  camera text;
BEGIN
  SELECT device.id INTO camera
    FROM assignment
    JOIN device ON device.id = assignment.device_id
    JOIN room ON room.id = assignment.room_id
   WHERE assignment.to_at IS NULL AND device.kind = 'camera' AND NOT room_allows_camera(room.type)
     AND (CASE TG_TABLE_NAME WHEN 'room' THEN room.id ELSE device.id END) = NEW.id
   LIMIT 1;
  IF camera IS NOT NULL THEN
    RAISE EXCEPTION 'camera % stands in a room of a type where no camera is allowed', camera
      USING ERRCODE = 'check_violation', CONSTRAINT = 'room_allows_camera';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER room_allows_camera AFTER UPDATE OF type ON room FROM assignment DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.type IS DISTINCT FROM NEW.type) EXECUTE FUNCTION refuse_room_with_camera();
CREATE CONSTRAINT TRIGGER device_allows_camera AFTER UPDATE OF kind ON device FROM assignment
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.kind IS DISTINCT FROM NEW.kind) EXECUTE FUNCTION refuse_room_with_camera();
