-- The blind index: who bears an IIN, BIN, phone number or e-mail address, without the value. Beside the keys, so that
-- an erasure empties it in the transaction that fences the person. It can be lost: it is derived from the log.

-- The key that makes tags, wrapped like any other, and how far the log is indexed under it. One row; a new generation
-- starts from an empty index.
CREATE TABLE lookup_state (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    kek_id     TEXT    NOT NULL,
    wrapped    BLOB    NOT NULL,
    position   INTEGER NOT NULL,
    leaf_hash  TEXT
) STRICT;

-- `tag`: HMAC-SHA-256 under that key of kind, a zero byte and the normalised value; empty for a value that was replaced
-- by one that nobody told. `owner`: the person's stream. `position`: the event that brought it, one value of a kind each.
CREATE TABLE lookup_entries (
    kind        TEXT    NOT NULL,
    tag         BLOB    NOT NULL,
    position    INTEGER NOT NULL,
    owner       TEXT    NOT NULL,
    occurred_us INTEGER NOT NULL,
    PRIMARY KEY (kind, tag, position)
) STRICT, WITHOUT ROWID;

-- Which value of a person is the newest, and what an erasure empties.
CREATE INDEX lookup_entries_by_owner ON lookup_entries (owner, kind, occurred_us, position);

CREATE TRIGGER lookup_entries_refuse_fenced BEFORE INSERT ON lookup_entries
WHEN EXISTS (SELECT 1 FROM fences WHERE owner = NEW.owner)
BEGIN SELECT RAISE(ABORT, 'the person is fenced'); END;
