-- Wrapped keys, fences and tokens. Kept apart from the log: whoever holds both, and the KEK, reads everything.

-- `owner` is a person's stream (`subject-<id>`) or one event of `policy` or `office` (`event-<hash>`).
CREATE TABLE deks (
    owner      TEXT    NOT NULL,
    generation INTEGER NOT NULL,
    kek_id     TEXT    NOT NULL,
    wrapped    BLOB    NOT NULL,
    PRIMARY KEY (owner, generation)
) STRICT, WITHOUT ROWID;

-- No key is ever made again for an owner that stands here. `generations`: those that were destroyed, as JSON.
CREATE TABLE fences (
    owner       TEXT    PRIMARY KEY,
    shredded_us INTEGER NOT NULL,
    generations TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER fences_refuse_update BEFORE UPDATE ON fences
BEGIN SELECT RAISE(ABORT, 'a fence stands for ever'); END;
CREATE TRIGGER fences_refuse_delete BEFORE DELETE ON fences
BEGIN SELECT RAISE(ABORT, 'a fence stands for ever'); END;
CREATE TRIGGER deks_refuse_fenced BEFORE INSERT ON deks WHEN EXISTS (SELECT 1 FROM fences WHERE owner = NEW.owner)
BEGIN SELECT RAISE(ABORT, 'the owner is fenced'); END;

-- A token is kept as the SHA-256 of its secret.
CREATE TABLE tokens (
    token      TEXT    PRIMARY KEY,
    secret     BLOB    NOT NULL,
    role       TEXT    NOT NULL,
    sources    TEXT    NOT NULL,
    created_us INTEGER NOT NULL,
    revoked_us INTEGER
) STRICT, WITHOUT ROWID;
