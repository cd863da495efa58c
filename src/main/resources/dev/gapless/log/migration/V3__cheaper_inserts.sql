-- Two functions that run in every insert, made cheaper (docs/benchmarks.md). Replacing them waits for no writer.
-- Both name the schema of all they use, operators too, so that no search_path can put something else in their place:
-- a SET search_path would cost more than the rest of the function.

-- As an SQL function it was parsed anew in every statement, to be inlined into the CHECK, whether it was needed or not.
CREATE OR REPLACE FUNCTION gapless.path_segments_fit(path text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN NOT EXISTS (
    SELECT FROM pg_catalog.unnest(pg_catalog.string_to_array(path, '/')) AS segment
    WHERE pg_catalog.octet_length(segment) OPERATOR(pg_catalog.>) 255);
END $$;

-- Elected notifier: at most one transaction in flight notifies, the others wait for nobody (docs/guarantees.md).
-- One expression, because PL/pgSQL prepares each anew in every transaction.
CREATE OR REPLACE FUNCTION gapless.notify_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF (
    -- a delivered event must not vanish in a crash
    pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) 'off'
    AND coalesce(pg_catalog.current_setting('gapless.allow_async', true), '') OPERATOR(pg_catalog.<>) 'on'
    -- never null: goes on with what is below
    AND pg_catalog.set_config('synchronous_commit', 'on', true) IS NULL
  ) OR (
    -- PREPARE TRANSACTION fails after NOTIFY: where it is possible at all, notifying must be asked for
    CASE WHEN pg_catalog.current_setting('max_prepared_transactions') OPERATOR(pg_catalog.=) '0'
      THEN coalesce(pg_catalog.current_setting('gapless.notify', true), '') OPERATOR(pg_catalog.<>) 'off'
      ELSE coalesce(pg_catalog.current_setting('gapless.notify', true), '') OPERATOR(pg_catalog.=) 'on' END
    AND pg_catalog.pg_try_advisory_xact_lock(7305804402566524011)
    -- a full queue would fail the commit
    AND pg_catalog.pg_notification_queue_usage() OPERATOR(pg_catalog.<) 0.9::pg_catalog.float8
    AND pg_catalog.pg_notify('gapless_events', '') IS NULL
  ) THEN
    NULL;
  END IF;
  RETURN NULL;
END $$;
