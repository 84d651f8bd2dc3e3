-- The blind index: who bears an IIN, BIN, phone number or e-mail address, without the value. Beside the keys, so that
-- an erasure empties it in the transaction that fences the person. It can be lost: it is derived from the log.

-- The key that makes tags, wrapped like any other, and how far the log is indexed under it. One row; a new generation
-- starts from an empty index.
CREATE TABLE lookup_state (
    one        BIGINT PRIMARY KEY CHECK (one = 1),
    generation BIGINT NOT NULL,
    kek_id     TEXT   NOT NULL,
    wrapped    BYTEA  NOT NULL,
    position   BIGINT NOT NULL,
    leaf_hash  TEXT
);

-- `tag`: HMAC-SHA-256 under that key of kind, a zero byte and the normalised value; empty for a value that was replaced
-- by one that nobody told. `owner`: the person's stream. `position`: the event that brought it, one value of a kind each.
CREATE TABLE lookup_entries (
    kind        TEXT COLLATE "C" NOT NULL,
    tag         BYTEA  NOT NULL,
    position    BIGINT NOT NULL,
    owner       TEXT COLLATE "C" NOT NULL,
    occurred_us BIGINT NOT NULL,
    PRIMARY KEY (kind, tag, position)
);

-- Which value of a person is the newest, and what an erasure empties.
CREATE INDEX lookup_entries_by_owner ON lookup_entries (owner, kind, occurred_us, position);

CREATE FUNCTION refuse_fenced_lookup_entry() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
$$ BEGIN
    PERFORM hold_off_fences();
    IF EXISTS (SELECT 1 FROM new_entries n JOIN fences f ON f.owner = n.owner) THEN
        RAISE EXCEPTION 'the person is fenced';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lookup_entries_refuse_fenced AFTER INSERT ON lookup_entries REFERENCING NEW TABLE AS new_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_fenced_lookup_entry();
