-- What instances say to the one that holds the lease of the notary, and what it says to them. A file belongs to one
-- process, which need not write itself letters: SQLite has neither table.

-- The root over the ends of all streams is asked for, with proofs for `streams` (a JSON array of names). The holder
-- answers, and removes what is old. `asked_us` is by the server's clock.
CREATE TABLE requests (
    number   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asked_us BIGINT NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    streams  TEXT   NOT NULL,
    answer   TEXT
);
CREATE INDEX requests_open ON requests (number) WHERE answer IS NULL;

-- Why the holder signs nothing any more.
CREATE TABLE refusals (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    why TEXT   NOT NULL
);
