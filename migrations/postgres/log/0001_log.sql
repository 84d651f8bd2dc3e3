-- The transparency log over the events, as in migrations/sqlite/log: all of it can be made again from them. Only the
-- instance that holds the lease of the notary writes here (src/notary/session.rs); `requests` and `refusals` are further on.

-- C2SP tiles of height 8: `tile` is level * 2^40 + number. The last tile of a level may be partial, and grows.
CREATE TABLE tiles (
    tile   BIGINT PRIMARY KEY,
    hashes BYTEA NOT NULL
);
-- Hashes do not compress.
ALTER TABLE tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- Positions of the entries under each level-0 tile; `positions` only where they do not follow one another.
CREATE TABLE bundles (
    bundle         BIGINT PRIMARY KEY,
    first_position BIGINT NOT NULL,
    positions      BYTEA
);
CREATE UNIQUE INDEX bundles_by_position ON bundles (first_position);

-- How far the tree goes, and the leaf hash there, so that another log is noticed.
CREATE TABLE tree_progress (
    one      BIGINT PRIMARY KEY CHECK (one = 1),
    size     BIGINT NOT NULL,
    position BIGINT NOT NULL,
    leaf     BYTEA  NOT NULL
);

-- The newest checkpoint, and older ones (`kept`) that somebody outside holds, signed or stamped.
CREATE TABLE checkpoints (
    size BIGINT PRIMARY KEY,
    note TEXT   NOT NULL,
    kept BIGINT NOT NULL
);

-- RFC 3161 answers over checkpoints.
CREATE TABLE stamps (
    size       BIGINT NOT NULL,
    authority  TEXT   NOT NULL,
    stamped_us BIGINT NOT NULL,
    answer     BYTEA  NOT NULL,
    PRIMARY KEY (size, authority)
);

-- The map from stream to its end, in 65,536 buckets by the hash of its name.
CREATE TABLE heads (
    bucket BIGINT NOT NULL,
    name   BYTEA  NOT NULL,
    head   BYTEA  NOT NULL,
    PRIMARY KEY (bucket, name)
);

CREATE TABLE buckets (
    bucket BIGINT PRIMARY KEY,
    leaf   BYTEA NOT NULL
);

CREATE TABLE heads_progress (
    one      BIGINT PRIMARY KEY CHECK (one = 1),
    position BIGINT NOT NULL,
    streams  BIGINT NOT NULL
);
