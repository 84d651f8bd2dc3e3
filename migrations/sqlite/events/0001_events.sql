-- The log, the sealed boxes beside it, and the published texts. One writer (src/store/sqlite/writer.rs).

CREATE TABLE streams (
    stream INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE sources (
    source INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;

-- `mark`: 0 none, 1 the registration of a person, 2 the approved erasure that is the fence of a stream.
CREATE TABLE events (
    position    INTEGER PRIMARY KEY,
    stream      INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    source      INTEGER NOT NULL,
    id          TEXT    NOT NULL,
    mark        INTEGER NOT NULL,
    recorded_us INTEGER NOT NULL,
    leaf        BLOB    NOT NULL,
    body        TEXT    NOT NULL
) STRICT;

-- The writer knows heads and ids before it writes; these indexes are the backstop.
CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
CREATE UNIQUE INDEX events_by_id ON events (source, id);
-- A query has to repeat `mark > 0`, or the index is not used.
CREATE UNIQUE INDEX events_marked ON events (mark, stream) WHERE mark > 0;

CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;

-- A sealed box can be destroyed without touching the log; it is never changed.
CREATE TABLE boxes (
    position   INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    sealed     BLOB    NOT NULL
) STRICT;

CREATE TABLE texts (
    hash TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One statement appends a batch: events, their boxes, and the streams and sources they are the first of.
CREATE VIEW appends AS
SELECT position, stream, CAST(NULL AS TEXT) AS new_stream, revision, source, CAST(NULL AS TEXT) AS new_source,
       id, mark, recorded_us, leaf, body, CAST(NULL AS INTEGER) AS generation, CAST(NULL AS BLOB) AS sealed
FROM events;

CREATE TRIGGER appends_insert INSTEAD OF INSERT ON appends
BEGIN
    SELECT RAISE(ABORT, 'the stream is fenced') WHERE NEW.sealed IS NOT NULL
        AND EXISTS (SELECT 1 FROM events WHERE stream = NEW.stream AND mark = 2 AND mark > 0);
    INSERT INTO streams (stream, name) SELECT NEW.stream, NEW.new_stream WHERE NEW.new_stream IS NOT NULL;
    INSERT INTO sources (source, name) SELECT NEW.source, NEW.new_source WHERE NEW.new_source IS NOT NULL;
    INSERT INTO events (position, stream, revision, source, id, mark, recorded_us, leaf, body)
    VALUES (NEW.position, NEW.stream, NEW.revision, NEW.source, NEW.id, NEW.mark, NEW.recorded_us, NEW.leaf, NEW.body);
    INSERT INTO boxes (position, generation, sealed)
    SELECT NEW.position, NEW.generation, NEW.sealed WHERE NEW.sealed IS NOT NULL;
END;
