-- The W3C trace context of whoever wrote an event, so that a subscriber can go on with the trace. Optional, and no part
-- of an event's fingerprint.

-- altering the table waits for every writer and reader of the moment, and all others queue behind it: give up, the node
-- tries again
SET LOCAL lock_timeout = '2s';

-- without a default at first: a table full of events is neither read nor written anew
ALTER TABLE gapless.events ADD COLUMN traceparent text COLLATE "C";

-- The rows that are there have none, so they need not be looked at; every new one is checked. One expression that says
-- how often each digit comes costs PostgreSQL ten times as much.
ALTER TABLE gapless.events ADD CONSTRAINT events_traceparent_valid CHECK (
  traceparent OPERATOR(pg_catalog.~~) '00-________________________________-________________-__'
  AND traceparent OPERATOR(pg_catalog.~)
    '^00-[0-9a-f]*[1-9a-f][0-9a-f]*-[0-9a-f]*[1-9a-f][0-9a-f]*-[0-9a-f]+$') NOT VALID;

-- What the writer's session or transaction says; a text that is no trace context is no reason to fail a write. Java
-- repeats it in dev.gapless.log.Appender.
ALTER TABLE gapless.events ALTER COLUMN traceparent SET DEFAULT
  CASE WHEN (pg_catalog.current_setting('gapless.traceparent', true) COLLATE pg_catalog."C")
      OPERATOR(pg_catalog.~~) '00-________________________________-________________-__'
    AND (pg_catalog.current_setting('gapless.traceparent', true) COLLATE pg_catalog."C") OPERATOR(pg_catalog.~)
      '^00-[0-9a-f]*[1-9a-f][0-9a-f]*-[0-9a-f]*[1-9a-f][0-9a-f]*-[0-9a-f]+$'
    THEN pg_catalog.current_setting('gapless.traceparent', true) END;
