-- What every file of read models has; the tables of the models are built from their descriptions
-- (src/projector/tables.rs).

-- How far the rows are, and which event that was. One row, written in the transaction of the rows.
CREATE TABLE progress (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    position    INTEGER NOT NULL,
    leaf        BLOB,
    advanced_us INTEGER,
    stopped_at  INTEGER,
    cause       TEXT,
    building    INTEGER NOT NULL,
    tables      TEXT    NOT NULL
) STRICT;

-- How far a judging anew of many people by what was published at a position has come.
CREATE TABLE judging_anew (
    position INTEGER PRIMARY KEY,
    subject  TEXT NOT NULL
) STRICT;

-- The last moment of each stream.
CREATE TABLE people (
    subject   TEXT PRIMARY KEY,
    latest_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
