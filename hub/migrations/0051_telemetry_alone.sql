-- Telemetry is a process of its own: it opens no alarm, writes no entry of the ledger, and sends devices nothing. What its
-- rules find are rows of `finding`, which the alarm path takes.
REVOKE ALL ON contact_method, device_command, ledger_care, ledger_head, escalation_policy, alarm, alarm_number,
  alarm_press, alarm_timer, alarm_step, alarm_sentence, alarm_helper, alarm_device, notification, organisation
  FROM anling_telemetry;
REVOKE ALL (id, centre_id, organisation_id, role, name, name_en, language, active) ON account FROM anling_telemetry;
GRANT SELECT (id, active) ON account TO anling_telemetry;  -- a shift of somebody who is gone is none
-- A memory of a rule that raises is parked.
GRANT SELECT, INSERT, UPDATE, DELETE ON parked_row TO anling_telemetry;

-- Rules that wait are asked by telemetry, which also says until when it heard and which rules are in force.
REVOKE INSERT, UPDATE ON rule_heard FROM anling_alarms;
REVOKE INSERT ON rule_set FROM anling_alarms;
