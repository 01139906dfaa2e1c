-- Each process works as a login of its own; set-up makes them (hub/kit/logins.py), here is what they may do.
--   anling_alarms       the alarm path                  a member of anling_hub
--   anling_telemetry    readings, visits and states     a member of nothing
--   anling_pages_read   pages, under row-level security a member of anling_web
--   anling_pages_write  what people change              a member of anling_hub
-- anling_hub and anling_web are groups that nobody is and nobody becomes: what is granted to anling_hub, the alarm path
-- and the pages' writing both have. What only one of them needs is granted to that login.
-- tests/integration/kit/test_rights.py has the whole as a table.
GRANT SELECT ON migration TO anling_hub, anling_web, anling_telemetry;
GRANT USAGE ON SCHEMA public TO anling_telemetry;

-- People, their rights and their rooms are changed on pages and by an import. The alarm path reads them.
REVOKE INSERT, UPDATE ON organisation, centre, room, senior, account, contact_method, relation, consent, veto, assignment,
  shift, escalation_policy FROM anling_hub;
GRANT INSERT, UPDATE ON organisation, centre, room, senior, account, contact_method, relation, consent, veto, assignment,
  shift, escalation_policy TO anling_pages_write;
REVOKE INSERT ON device FROM anling_hub;
GRANT INSERT ON device TO anling_pages_write;

-- Who comes and goes is written by card readers and by staff; who looked and who changed a right, by the pages alone.
REVOKE INSERT, UPDATE ON visit, presence FROM anling_hub;
GRANT INSERT, UPDATE ON visit, presence TO anling_pages_write;
REVOKE INSERT ON ledger_access FROM anling_hub;
GRANT INSERT ON ledger_access TO anling_pages_write;

-- Who is signed in, who was invited and who watches is the pages' business alone, as is a password's hash.
REVOKE ALL ON session, invitation, first_administrator, viewing, video_ticket, relation, consent, veto FROM anling_hub;
GRANT SELECT, INSERT, UPDATE, DELETE ON session, invitation, first_administrator, video_ticket TO anling_pages_write;
GRANT SELECT, INSERT, UPDATE ON viewing, relation, consent, veto TO anling_pages_write;
REVOKE SELECT ON account FROM anling_hub;
GRANT SELECT ON account TO anling_pages_write;
GRANT SELECT (id, person, centre_id, organisation_id, role, name, name_en, phone, email, language, demo, active)
  ON account TO anling_hub;

-- What devices said is written by those who hear them: pages show it.
REVOKE INSERT ON press FROM anling_hub;
REVOKE INSERT, UPDATE ON seen_message FROM anling_hub;
REVOKE INSERT, UPDATE, DELETE ON quarantine, rule_state, rule_heard, rule_set FROM anling_hub;
REVOKE INSERT ON alarm_press, accept_link FROM anling_hub;
GRANT INSERT ON press, alarm_press, accept_link, rule_set TO anling_alarms;
GRANT INSERT, UPDATE ON seen_message, rule_heard TO anling_alarms;
GRANT INSERT, UPDATE, DELETE ON quarantine, rule_state TO anling_alarms;

-- Readings are telemetry's; pages draw them.
REVOKE ALL ON reading, reading_name FROM anling_hub;
REVOKE ALL ON FUNCTION make_reading_partition, drop_readings FROM anling_hub;
GRANT SELECT ON reading, reading_name TO anling_pages_write;
GRANT SELECT, INSERT ON reading, reading_name TO anling_telemetry;
GRANT EXECUTE ON FUNCTION make_reading_partition, drop_readings TO anling_telemetry;

-- The rest of what telemetry's lane does: states and proofs, visits, the rules that hear them, and what those find.
GRANT SELECT ON organisation, centre, room, senior, contact_method, shift, assignment, device, device_command, visit,
  presence, seen_message, quarantine, rule_state, rule_heard, rule_set, notice, ledger_care, ledger_head, escalation_policy,
  alarm, alarm_number, alarm_press, alarm_timer, alarm_step, alarm_sentence, alarm_helper, alarm_device, notification
  TO anling_telemetry;
GRANT SELECT (id, centre_id, organisation_id, role, name, name_en, language, active) ON account TO anling_telemetry;
GRANT UPDATE (name) ON senior TO anling_telemetry;  -- for the lock that two card readers take turns with
GRANT UPDATE ON device TO anling_telemetry;
GRANT INSERT, UPDATE ON device_command, visit, presence, seen_message, notice, ledger_head, rule_heard TO anling_telemetry;
GRANT INSERT, UPDATE, DELETE ON quarantine, rule_state TO anling_telemetry;
GRANT INSERT ON ledger_care, rule_set TO anling_telemetry;
GRANT INSERT, UPDATE ON alarm, alarm_number, alarm_timer, alarm_device, notification TO anling_telemetry;
GRANT INSERT ON alarm_step, alarm_helper TO anling_telemetry;
GRANT INSERT, DELETE ON alarm_sentence TO anling_telemetry;

-- Which rows: for the hub all of them, and telemetry is of the hub.
DO $$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public' AND roles = '{anling_hub}' LOOP
    EXECUTE format('ALTER POLICY %I ON %I TO anling_hub, anling_telemetry', found.policyname, found.tablename);
  END LOOP;
END
$$;
