-- Where the nodes of this database find each other. Nobody depends on it to deliver events.
CREATE TABLE gapless.nodes (
  -- of the node's cluster system, such as gapless-cluster@10.0.0.7:25520
  address text COLLATE "C" PRIMARY KEY CHECK (octet_length(address) <= 300),
  node text COLLATE "C" NOT NULL CHECK (octet_length(node) <= 64),
  -- whether it is part of a cluster that others can join
  member boolean NOT NULL,
  heard_at timestamptz NOT NULL
);
