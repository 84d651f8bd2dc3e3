-- Wrapped keys, fences and tokens. Kept apart from the log: whoever holds both, and the KEK, reads everything.

-- `owner` is a person's stream (`subject-<id>`) or one event of `policy` or `office` (`event-<hash>`).
CREATE TABLE deks (
    owner      TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    kek_id     TEXT   NOT NULL,
    wrapped    BYTEA  NOT NULL,
    PRIMARY KEY (owner, generation)
);

-- No key is ever made again for an owner that stands here. `generations`: those that were destroyed, as JSON.
CREATE TABLE fences (
    owner       TEXT COLLATE "C" PRIMARY KEY,
    shredded_us BIGINT NOT NULL,
    generations TEXT   NOT NULL
);

-- Several instances write at once, and neither of two open transactions sees what the other has written: a key could
-- be made while its owner is being fenced, and stay. So whoever makes something that a fence forbids holds off fences
-- until its transaction has ended, and whoever fences holds off the makers. Each asks before the statement that reads
-- what the other may have changed; the triggers below ask again, for whoever did not.
CREATE FUNCTION hold_off_fences() RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock_shared(8319112104951902722) $$;
CREATE FUNCTION hold_off_makers() RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock(8319112104951902722) $$;

CREATE FUNCTION refuse_fence_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'a fence stands for ever'; END $$;
CREATE TRIGGER fences_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON fences
FOR EACH STATEMENT EXECUTE FUNCTION refuse_fence_change();

CREATE FUNCTION fence_alone() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
$$ BEGIN PERFORM hold_off_makers(); RETURN NULL; END $$;
CREATE TRIGGER fences_alone BEFORE INSERT ON fences FOR EACH STATEMENT EXECUTE FUNCTION fence_alone();

-- Asked once a statement, when its rows are there: by then no fence can come in between.
CREATE FUNCTION refuse_fenced_dek() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
$$ BEGIN
    PERFORM hold_off_fences();
    IF EXISTS (SELECT 1 FROM new_deks n JOIN fences f ON f.owner = n.owner) THEN
        RAISE EXCEPTION 'the owner is fenced';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER deks_refuse_fenced AFTER INSERT ON deks REFERENCING NEW TABLE AS new_deks
FOR EACH STATEMENT EXECUTE FUNCTION refuse_fenced_dek();

-- A token is kept as the SHA-256 of its secret.
CREATE TABLE tokens (
    token      TEXT COLLATE "C" PRIMARY KEY,
    secret     BYTEA  NOT NULL,
    role       TEXT   NOT NULL,
    sources    TEXT   NOT NULL,
    created_us BIGINT NOT NULL,
    revoked_us BIGINT
);
