-- Which instances there are, and what they must let go of. It has no twin beside SQLite's: one process owns a file.

-- `seen_us`: the server's clock at the last beat of an instance. `passed`: the last invalidation that it has taken in.
CREATE TABLE instances (
    instance TEXT COLLATE "C" PRIMARY KEY,
    seen_us  BIGINT NOT NULL,
    passed   BIGINT NOT NULL
);

-- What must not be used from memory any more: `kind` is `key` (`name`: its owner) or `token`. Removed when all have
-- passed it.
CREATE TABLE invalidations (
    number BIGINT PRIMARY KEY,
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL
);

-- The last number. Whoever takes the next holds this row until it has committed, so whoever sees a number sees all
-- below it.
CREATE TABLE invalidation_counter (
    one    BIGINT PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL
);
INSERT INTO invalidation_counter (one, number) VALUES (1, 0);
