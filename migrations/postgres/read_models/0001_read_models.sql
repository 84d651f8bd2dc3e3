-- What every generation of read models has, in a schema of its own; the tables of the models are built from their
-- descriptions (src/projector/tables.rs).

-- How far the rows are, and which event that was. One row, written in the transaction of the rows.
CREATE TABLE progress (
    only_row    BIGINT PRIMARY KEY CHECK (only_row = 1),
    position    BIGINT NOT NULL,
    leaf        BYTEA,
    advanced_us BIGINT,
    stopped_at  BIGINT,
    cause       TEXT,
    building    BIGINT NOT NULL,
    tables      TEXT   NOT NULL
);

-- How far a judging anew of many people by what was published at a position has come.
CREATE TABLE judging_anew (
    position BIGINT PRIMARY KEY,
    subject  TEXT NOT NULL
);

-- The last moment of each stream.
CREATE TABLE people (
    subject   TEXT COLLATE "C" PRIMARY KEY,
    latest_us BIGINT NOT NULL
);
