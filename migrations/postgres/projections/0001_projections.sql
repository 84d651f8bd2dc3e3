-- What instances tell one another of projections. Rows of read models lie in schemas beside this one.

-- A projection: which generation is read, and what the instance that runs it says of its work.
CREATE TABLE projections (
    projection TEXT   PRIMARY KEY,
    -- How often an instance has taken it over: what an earlier one says no longer counts.
    term       BIGINT NOT NULL,
    live       BIGINT,
    -- The last generation that was begun. Numbers are never given out twice.
    newest     BIGINT NOT NULL,
    done       BIGINT,
    total      BIGINT,
    failed     TEXT,
    trouble    TEXT
);

-- Generations that are read no more, and since when: a reader may still be in them.
CREATE TABLE retired (
    projection TEXT   NOT NULL,
    generation BIGINT NOT NULL,
    retired_us BIGINT NOT NULL,
    PRIMARY KEY (projection, generation)
);

-- What is asked of the instance that runs a projection, wherever it was asked.
CREATE TABLE requests (
    number     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    projection TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    asked_us   BIGINT NOT NULL,
    -- Empty when it was done, else why not.
    answer     TEXT
);
