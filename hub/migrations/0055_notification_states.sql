-- The states of a message to a person, in the standard terms. A message that waits for its next attempt is `queued`
-- again, with a later `next_at`. One that nobody needs any more is `dead` and `unwanted`, with the code `withdrawn`.
DROP TRIGGER notification_told ON notification;
DROP TRIGGER notification_told_alarm ON notification;
ALTER TABLE notification
  DROP CONSTRAINT notification_state_check,
  DROP CONSTRAINT notification_check1,
  DROP CONSTRAINT notification_check2;
DROP INDEX notification_due;
ALTER TABLE notification RENAME COLUMN acted_at TO answered_at;

UPDATE notification
   SET error = CASE WHEN state = 'withdrawn' THEN 'withdrawn' ELSE error END,
       state = CASE state
                 WHEN 'retry' THEN 'queued'
                 WHEN 'seen' THEN 'read'
                 WHEN 'acted' THEN 'answered'
                 WHEN 'failed' THEN 'refused'
                 ELSE 'dead'
               END
 WHERE state IN ('retry', 'seen', 'acted', 'failed', 'withdrawn');

ALTER TABLE notification
  ADD CONSTRAINT notification_state_check CHECK (state IN (
    'queued', 'leased', 'taken', 'delivered', 'read', 'answered', 'refused', 'dead')),
  ADD CONSTRAINT notification_taken_at CHECK (
    (state IN ('taken', 'delivered', 'read', 'answered')) = (taken_at IS NOT NULL)),
  ADD CONSTRAINT notification_ended_at CHECK ((state IN ('refused', 'dead')) = (ended_at IS NOT NULL));
CREATE INDEX notification_due ON notification (next_at) WHERE state = 'queued';

-- The deliverer hears what is queued for the first time (it waits by itself for what is tried again), the alarms hear
-- what is taken; that something is on its way is news to nobody.
CREATE TRIGGER notification_told AFTER INSERT OR UPDATE OF state ON notification
  FOR EACH ROW WHEN (NEW.state = 'taken' OR NEW.state = 'queued' AND NEW.tries = 0)
  EXECUTE FUNCTION tell_change('notification', 'id');
-- Who has been told is on the alarm's card.
CREATE TRIGGER notification_told_alarm AFTER INSERT OR UPDATE OF state ON notification
  FOR EACH ROW WHEN (NEW.state <> 'leased') EXECUTE FUNCTION tell_change('alarm', 'alarm_id');

-- Pages show whom a message may still reach, and leave out those whose message nobody needed any more.
GRANT SELECT (unwanted) ON notification TO anling_web;
