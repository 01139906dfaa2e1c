-- A device that staff have set off: until then no rule below P1 is asked about it. A press of it rings all the same.
ALTER TABLE device ADD COLUMN off_until timestamptz;

DROP TRIGGER device_told ON device;
CREATE TRIGGER device_told AFTER INSERT OR UPDATE OF state, enabled, credential_hash, rtsp_url, kind, off_until ON device
  FOR EACH ROW EXECUTE FUNCTION tell_change('device', 'id');
