-- The deliverer hears what is queued, the alarms hear what was taken: neither is woken by what only the other waits for.
DROP TRIGGER notification_told ON notification;
CREATE TRIGGER notification_queued AFTER INSERT OR UPDATE OF state ON notification
  FOR EACH ROW WHEN (NEW.state = 'queued' AND NEW.tries = 0)
  EXECUTE FUNCTION tell_change('notification', 'id');
CREATE TRIGGER notification_taken AFTER UPDATE OF state ON notification
  FOR EACH ROW WHEN (NEW.state = 'taken')
  EXECUTE FUNCTION tell_change('notification_taken', 'id');
