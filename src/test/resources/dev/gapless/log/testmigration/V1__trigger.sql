SET LOCAL lock_timeout = '1s';

CREATE TRIGGER later AFTER UPDATE ON gapless.events
  FOR EACH STATEMENT EXECUTE FUNCTION gapless.notify_event();
