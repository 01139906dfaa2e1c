-- Devices that are off come back by due jobs, which a hub looked for every second before.
INSERT INTO due_job (id, centre_id, kind, subject, made_at, due_at)
SELECT 'j-' || id, centre_id, 'device-returns', id, off_until, off_until
  FROM device
 WHERE off_until IS NOT NULL;
