-- The transparency log over the events: all of it can be made again from them.

-- C2SP tiles of height 8: `tile` is level * 2^40 + number. The last tile of a level may be partial, and grows.
CREATE TABLE tiles (
    tile   INTEGER PRIMARY KEY,
    hashes BLOB NOT NULL
) STRICT;

-- Positions of the entries under each level-0 tile; `positions` only where they do not follow one another.
CREATE TABLE bundles (
    bundle         INTEGER PRIMARY KEY,
    first_position INTEGER NOT NULL,
    positions      BLOB
) STRICT;
CREATE UNIQUE INDEX bundles_by_position ON bundles (first_position);

-- How far the tree goes, and the leaf hash there, so that another log is noticed.
CREATE TABLE tree_progress (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    size     INTEGER NOT NULL,
    position INTEGER NOT NULL,
    leaf     BLOB    NOT NULL
) STRICT;

-- The newest checkpoint, and older ones (`kept`) that somebody outside holds, signed or stamped.
CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY,
    note TEXT    NOT NULL,
    kept INTEGER NOT NULL
) STRICT;

-- RFC 3161 answers over checkpoints.
CREATE TABLE stamps (
    size       INTEGER NOT NULL,
    authority  TEXT    NOT NULL,
    stamped_us INTEGER NOT NULL,
    answer     BLOB    NOT NULL,
    PRIMARY KEY (size, authority)
) STRICT;

-- The map from stream to its end, in 65,536 buckets by the hash of its name.
CREATE TABLE heads (
    bucket INTEGER NOT NULL,
    name   BLOB    NOT NULL,
    head   BLOB    NOT NULL,
    PRIMARY KEY (bucket, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE buckets (
    bucket INTEGER PRIMARY KEY,
    leaf   BLOB NOT NULL
) STRICT;

CREATE TABLE heads_progress (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL,
    streams  INTEGER NOT NULL
) STRICT;
