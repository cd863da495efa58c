SET LOCAL lock_timeout = '2s';

-- What was answered to a publish with an Idempotency-Key. Written in the transaction of the events.
CREATE TABLE gapless.idempotency (
  -- SHA-256 in hex: keys of one caller never meet those of another, and no credential is stored
  scope      text COLLATE "C" NOT NULL CHECK (scope ~ '^[0-9a-f]{64}$'),
  key        text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
  body_hash  text COLLATE "C" NOT NULL CHECK (body_hash ~ '^[0-9a-f]{64}$'),
  -- empty only inside the transaction that works on it
  response   text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (scope, key)
);

CREATE INDEX idempotency_created_at ON gapless.idempotency (created_at);

-- Tokens that no node accepts any more.
CREATE TABLE gapless.revocations (
  token_sha256 text COLLATE "C" PRIMARY KEY CHECK (token_sha256 ~ '^[0-9a-f]{64}$'),
  revoked_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
