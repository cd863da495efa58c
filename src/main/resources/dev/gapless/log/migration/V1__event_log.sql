-- The event log. Java repeats the names, the channel and the lock key in dev.gapless.log.LogNames.

-- a migration that waits behind a parked writer would queue all others: give up, the node tries again
SET LOCAL lock_timeout = '2s';

-- Only asked for paths above 255 bytes. Its names are bound here, no search_path can change them.
CREATE FUNCTION gapless.path_segments_fit(path text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN NOT EXISTS (
  SELECT FROM unnest(string_to_array(path, '/')) AS segment WHERE octet_length(segment) > 255);

CREATE TABLE gapless.events (
  id         bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
  owner      text COLLATE "C" NOT NULL,
  path       text COLLATE "C" NOT NULL,
  type       text COLLATE "C" NOT NULL,
  data       jsonb,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT events_pkey PRIMARY KEY (id),
  CONSTRAINT events_id_positive CHECK (id > 0),
  CONSTRAINT events_owner_valid CHECK (owner ~ '^[A-Za-z0-9._~-]{1,128}$'),
  CONSTRAINT events_path_valid CHECK (
    path ~ '^/' AND octet_length(path) <= 2048
    AND path !~ '[\u0001-\u001f\u007f-\u009f]'
    AND path !~ '//|/\.\.?(/|$)'
    AND (octet_length(path) <= 256 OR gapless.path_segments_fit(path))),
  CONSTRAINT events_type_valid CHECK (
    type ~ '^[A-Za-z0-9._-]{1,64}$' AND type NOT IN ('error', 'open') AND type !~ '^gapless\.'),
  -- jsonb's text is longer than compact JSON by at most a half (a space after each separator) for all but numbers in
  -- exponent form; the HTTP face allows 256 KiB encoded
  CONSTRAINT events_data_size CHECK (data IS NULL OR octet_length(data::text) <= 524288)
) PARTITION BY RANGE (id);

CREATE INDEX events_owner_id ON gapless.events (owner, id);

-- One row: the highest position that retention removed, with what is needed to recognise its cursor.
CREATE TABLE gapless.retired (
  only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  position    bigint NOT NULL,
  fingerprint integer NOT NULL
);

-- One row: a position up to which the log is decided, so that a node starts without waiting for parked writers.
CREATE TABLE gapless.decided (
  only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  position    bigint NOT NULL,
  fingerprint integer NOT NULL
);

-- Elected notifier: at most one transaction in flight notifies, the others wait for nobody (docs/guarantees.md).
CREATE FUNCTION gapless.notify_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- a delivered event must not vanish in a crash
  IF current_setting('synchronous_commit') = 'off'
     AND coalesce(current_setting('gapless.allow_async', true), '') <> 'on' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  -- PREPARE TRANSACTION fails after NOTIFY: where it is possible at all, notifying must be asked for
  -- (in parentheses: PL/pgSQL would take CASE's THEN for its own)
  IF (CASE WHEN current_setting('max_prepared_transactions')::int > 0
        THEN coalesce(current_setting('gapless.notify', true), '') = 'on'
        ELSE coalesce(current_setting('gapless.notify', true), '') <> 'off' END)
     AND pg_try_advisory_xact_lock(7305804402566524011)
     -- a full queue would fail the commit
     AND pg_notification_queue_usage() < 0.9 THEN
    PERFORM pg_notify('gapless_events', '');
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER gapless_notify AFTER INSERT ON gapless.events
  FOR EACH STATEMENT EXECUTE FUNCTION gapless.notify_event();

CREATE FUNCTION gapless.refuse_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'gapless.events must not be truncated: use retention'
    USING ERRCODE = 'object_not_in_prerequisite_state';
END $$;

CREATE TRIGGER gapless_refuse_truncate BEFORE TRUNCATE ON gapless.events
  FOR EACH STATEMENT EXECUTE FUNCTION gapless.refuse_truncate();

CREATE FUNCTION gapless.publish(owner text, path text, type text, data jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE sql AS $$
  INSERT INTO gapless.events (owner, path, type, data)
  VALUES ($1, $2, $3, $4) RETURNING id
$$;
