-- What KurrentDB cannot hold or find, beside it: boxes, texts, and an index of its events. One writer
-- (src/store/kurrent/writer.rs). The index can be made again from the server; boxes and texts cannot.

-- `position`: commit position in `$all`, plus one. `mark` as in the SQL engines: 1 registration, 2 fence.
CREATE TABLE events (
    position    INTEGER PRIMARY KEY,
    prepare     INTEGER NOT NULL,
    stream      TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    source      TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    mark        INTEGER NOT NULL,
    recorded_us INTEGER NOT NULL,
    leaf        BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
CREATE UNIQUE INDEX events_by_id ON events (source, id);
-- A query has to repeat `mark > 0`, or the index is not used.
CREATE INDEX events_marked ON events (mark, stream) WHERE mark > 0;
CREATE INDEX events_by_time ON events (recorded_us);

-- Durable before its event is sent. While it is open (`stored` = 0) the event may exist, so that it keeps its box
-- and the texts around what the store adds; once the event was seen in the log, the box alone stays.
-- `needed`: the revision that the append expects, NULL for none. `append` groups what is sent as one.
CREATE TABLE claims (
    source      TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    stream      TEXT    NOT NULL,
    append      INTEGER NOT NULL,
    place       INTEGER NOT NULL,
    needed      INTEGER,
    mark        INTEGER NOT NULL,
    text_before TEXT    NOT NULL,
    text_after  TEXT    NOT NULL,
    generation  INTEGER,
    sealed      BLOB,
    stored      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, id)
) STRICT;

CREATE INDEX claims_open ON claims (append, place) WHERE stored = 0;
CREATE INDEX claims_boxed ON claims (stream) WHERE sealed IS NOT NULL;

CREATE TRIGGER claims_refuse_change
BEFORE UPDATE OF source, id, stream, append, place, needed, mark, generation, sealed ON claims
BEGIN SELECT RAISE(ABORT, 'a claim is never overwritten'); END;
CREATE TRIGGER claims_refuse_other_texts
BEFORE UPDATE OF text_before, text_after ON claims WHEN NEW.stored = 0 OR NEW.text_before <> '' OR NEW.text_after <> ''
BEGIN SELECT RAISE(ABORT, 'a claim is never overwritten'); END;

CREATE TABLE texts (
    hash TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
