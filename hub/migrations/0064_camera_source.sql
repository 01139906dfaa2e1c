-- Where the pictures of a camera are: a row for each of its sources. `main` is what viewers are shown; `sub` is the same
-- picture, smaller, for what watches the camera. An address may hold a password: no page's reading may see it.
CREATE TABLE camera_source (
  device_id text NOT NULL REFERENCES device,
  kind      text NOT NULL CHECK (kind IN ('main', 'sub')),
  protocol  text NOT NULL CHECK (protocol IN ('rtsp', 'rtsps')),
  address   text NOT NULL,
  PRIMARY KEY (device_id, kind),
  CHECK ((protocol = 'rtsps') = (address LIKE 'rtsps://%'))
);

INSERT INTO camera_source (device_id, kind, protocol, address)
SELECT id, 'main', CASE WHEN rtsp_url LIKE 'rtsps://%' THEN 'rtsps' ELSE 'rtsp' END, rtsp_url
  FROM device
 WHERE rtsp_url IS NOT NULL;

DROP TRIGGER device_told ON device;
ALTER TABLE device DROP COLUMN rtsp_url;
CREATE TRIGGER device_told AFTER INSERT OR UPDATE OF state, enabled, credential_hash, kind, off_until ON device
  FOR EACH ROW EXECUTE FUNCTION tell_change('device', 'id');
CREATE TRIGGER camera_source_told AFTER INSERT OR UPDATE OR DELETE ON camera_source
  FOR EACH ROW EXECUTE FUNCTION tell_change('device', 'device_id');

-- A camera has a main source, and nothing else has any. At the commit, because a device and its sources are two rows;
-- only reading, because the ledger's head is locked by then.
CREATE FUNCTION require_camera_source() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  changed text := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END) ->> TG_ARGV[0];
  wrong text;
BEGIN
  SELECT device.kind INTO wrong
    FROM device
   WHERE device.id = changed
     AND CASE WHEN device.kind = 'camera'
              THEN NOT EXISTS (SELECT FROM camera_source WHERE device_id = device.id AND camera_source.kind = 'main')
              ELSE EXISTS (SELECT FROM camera_source WHERE device_id = device.id) END;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'device % is a % and its sources do not fit: a camera has a main one, nothing else has any',
      changed, wrong USING ERRCODE = 'check_violation', CONSTRAINT = 'require_camera_source';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER device_has_source AFTER INSERT OR UPDATE OF kind ON device DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION require_camera_source('id');
CREATE CONSTRAINT TRIGGER source_is_of_camera AFTER INSERT OR UPDATE OR DELETE ON camera_source
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_camera_source('device_id');

GRANT SELECT, INSERT, DELETE, UPDATE (protocol, address) ON camera_source TO anling_pages_write;
