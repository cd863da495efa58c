SET LOCAL lock_timeout = '2s';

-- What was asked to be erased: all events of an owner below a position, which is that of its mark in the log.
CREATE TABLE gapless.erasures (
  position bigint PRIMARY KEY,
  owner    text COLLATE "C" NOT NULL,
  -- when the last of the events was removed
  done_at  timestamptz
);

CREATE INDEX erasures_pending ON gapless.erasures (position) WHERE done_at IS NULL;

-- What is left of events that were erased: enough to recognise a cursor, for whoever has read so far.
CREATE TABLE gapless.erased (
  id          bigint PRIMARY KEY,
  fingerprint integer NOT NULL
);
