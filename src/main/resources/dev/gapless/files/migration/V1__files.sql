-- Files: contents are immutable versions in chunks; a file is a row that names its version.

-- An owner exists from its first file on. Its row is the lock under which its files change.
CREATE TABLE gapless.file_owners (
  owner       text COLLATE "C" NOT NULL,
  quota_bytes bigint,
  used_bytes  bigint NOT NULL DEFAULT 0,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT file_owners_pkey PRIMARY KEY (owner),
  CONSTRAINT file_owners_owner_valid CHECK (owner ~ '^[A-Za-z0-9._~-]{1,128}$'),
  CONSTRAINT file_owners_quota_valid CHECK (quota_bytes >= 0),
  CONSTRAINT file_owners_used_valid CHECK (used_bytes >= 0)
);
COMMENT ON COLUMN gapless.file_owners.quota_bytes IS 'null: the setting gapless.files.quota';

-- A version is staged, then linked to a file, then unlinked. Not linked, it is removed after keep_until, which uploads
-- push ahead while the body arrives and readers while they read.
CREATE TABLE gapless.file_versions (
  version     bigint GENERATED ALWAYS AS IDENTITY,
  linked      boolean NOT NULL DEFAULT false,
  chunk_bytes integer NOT NULL,
  keep_until  timestamptz NOT NULL,
  CONSTRAINT file_versions_pkey PRIMARY KEY (version),
  CONSTRAINT file_versions_chunk_valid CHECK (chunk_bytes > 0)
);
CREATE INDEX file_versions_removable ON gapless.file_versions (keep_until) WHERE NOT linked;

CREATE TABLE gapless.file_chunks (
  version bigint NOT NULL,
  number  integer NOT NULL,
  bytes   bytea NOT NULL,
  CONSTRAINT file_chunks_pkey PRIMARY KEY (version, number),
  CONSTRAINT file_chunks_version_exists FOREIGN KEY (version)
    REFERENCES gapless.file_versions ON DELETE CASCADE
);
-- most contents are compressed already; compressing them again costs more than it saves
ALTER TABLE gapless.file_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE gapless.files (
  owner        text COLLATE "C" NOT NULL,
  path         text COLLATE "C" NOT NULL,
  version      bigint NOT NULL,
  size         bigint NOT NULL,
  content_hash bytea NOT NULL,
  content_type text NOT NULL,
  modified_at  timestamptz NOT NULL,
  CONSTRAINT files_pkey PRIMARY KEY (owner, path),
  CONSTRAINT files_owner_exists FOREIGN KEY (owner) REFERENCES gapless.file_owners,
  CONSTRAINT files_version_once UNIQUE (version),
  CONSTRAINT files_version_exists FOREIGN KEY (version) REFERENCES gapless.file_versions,
  CONSTRAINT files_path_valid CHECK (
    path ~ '^/.*[^/]$' AND octet_length(path) <= 2048
    AND path !~ '[\u0001-\u001f\u007f-\u009f]' AND path !~ '//|/\.\.?(/|$)'),
  CONSTRAINT files_size_valid CHECK (size >= 0),
  CONSTRAINT files_hash_valid CHECK (octet_length(content_hash) = 32)
);
