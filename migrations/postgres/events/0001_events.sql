-- The log, the sealed boxes beside it, and the published texts, as in migrations/sqlite/events. Several instances write;
-- the one row of `sequencer` is their order (src/store/postgres/writer.rs).

CREATE TABLE streams (
    stream BIGINT PRIMARY KEY,
    name   TEXT COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE sources (
    source BIGINT PRIMARY KEY,
    name   TEXT COLLATE "C" NOT NULL UNIQUE
);

-- `mark`: 0 none, 1 the registration of a person, 2 the approved erasure that is the fence of a stream.
CREATE TABLE events (
    position    BIGINT PRIMARY KEY,
    stream      BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    source      BIGINT NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    mark        BIGINT NOT NULL,
    recorded_us BIGINT NOT NULL,
    leaf        BYTEA  NOT NULL,
    body        TEXT   NOT NULL
);

-- Writers know heads and ids before they write; these indexes are the backstop.
CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
CREATE UNIQUE INDEX events_by_id ON events (source, id);
-- A query has to repeat `mark > 0`, or the index is not used.
CREATE UNIQUE INDEX events_marked ON events (mark, stream) WHERE mark > 0;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'events are immutable'; END $$;
CREATE TRIGGER events_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A sealed box can be destroyed without touching the log; it is never changed.
CREATE TABLE boxes (
    position   BIGINT PRIMARY KEY,
    generation BIGINT NOT NULL,
    sealed     BYTEA  NOT NULL
);

-- A box behind the fence of its stream: asked once a statement, when all rows of it are there.
CREATE FUNCTION refuse_fenced() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF EXISTS (SELECT 1 FROM events fence JOIN events boxed ON boxed.stream = fence.stream
               JOIN new_boxes b ON b.position = boxed.position
               WHERE fence.mark = 2 AND fence.mark > 0 AND fence.position < boxed.position) THEN
        RAISE EXCEPTION 'the stream is fenced';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER boxes_refuse_fenced AFTER INSERT ON boxes REFERENCING NEW TABLE AS new_boxes
FOR EACH STATEMENT EXECUTE FUNCTION refuse_fenced();

CREATE TABLE texts (
    hash TEXT COLLATE "C" PRIMARY KEY,
    body BYTEA NOT NULL
);

-- Where the log ends. Whoever appends changes this row in the same transaction, so appends come one after another, their
-- positions have no gaps, and nobody sees a position before those below it.
CREATE TABLE sequencer (
    one         BIGINT PRIMARY KEY CHECK (one = 1),
    position    BIGINT NOT NULL,
    recorded_us BIGINT,
    streams     BIGINT NOT NULL,
    sources     BIGINT NOT NULL
);
INSERT INTO sequencer (one, position, recorded_us, streams, sources) VALUES (1, 0, NULL, 0, 0);
