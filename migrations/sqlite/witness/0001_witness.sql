-- What a mirror witness derived from the log that it reads, as of the newest checkpoint it cosigned.

-- `edge`: roots of the tree's complete subtrees, largest first. `note`: the checkpoint, with this witness's line.
-- `heads_at`: entries that `heads` takes into account.
CREATE TABLE progress (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    size        INTEGER NOT NULL,
    edge        BLOB    NOT NULL,
    note        TEXT    NOT NULL,
    heads_at    INTEGER NOT NULL,
    recorded_us INTEGER,
    withdrawn   INTEGER NOT NULL,
    commitments INTEGER NOT NULL
) STRICT;

-- Where each stream ended when the log last wrote down its heads.
CREATE TABLE heads (
    stream   TEXT    PRIMARY KEY,
    revision INTEGER NOT NULL,
    leaf     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- Entries since then, by their place in the tree.
CREATE TABLE entries_since (
    place    INTEGER PRIMARY KEY,
    stream   TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    leaf     BLOB    NOT NULL
) STRICT;

-- Why nothing is cosigned any more, and the checkpoint that was not.
CREATE TABLE refused (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    place      INTEGER,
    code       TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    refused_us INTEGER NOT NULL
) STRICT;
