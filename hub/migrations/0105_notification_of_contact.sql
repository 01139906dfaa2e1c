-- For each due notification: was anything of its alarm tried over this contact before, and is a newer one there?
CREATE INDEX notification_of_contact ON notification (contact_method_id, alarm_id, n);
